"""Many nodes: keys of responders that each of them opens, which nodes there are, and word of what relying parties are told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TOLD = ("authority", "crl", "ocsp_responder", "signing_switch")
"""The tables whose changes the processes of every node wait for: status, lists, who answers, and whether anybody signs."""


def upgrade() -> None:
    """Add the tables and, where the server can send word, the triggers that send it. An older release minds none of them."""
    op.create_table(
        "responder_key",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_responder_key")),
    )
    op.create_table(
        "node",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("agreed_sha256", sa.String(length=64), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_node")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_notify(''directca'', ''''); RETURN NULL; END'"
        )
        for table in _TOLD:
            op.execute(
                f"CREATE TRIGGER tell_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change()"
            )
