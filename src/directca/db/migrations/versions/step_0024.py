"""Revocations in bulk that are paused. An older node that works on one goes on with it: pause when all are of this release."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be null. An older release does not mind it."""
    op.add_column("bulk_revocation", sa.Column("paused_at", sa.DateTime(timezone=True)))
