"""Room for the certificate beside what was to be signed, so that PostgreSQL writes no index anew when it is stored."""

from alembic import op

revision = "0027"
down_revision = "0026"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let inserts fill pages of certificates to three fifths. What is there stays as it is; an older release does not mind."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE certificate SET (fillfactor = 60)")
