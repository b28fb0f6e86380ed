"""When the person who lets an application act was last authenticated, and how."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that may be null. What an older release grants has neither, and is good for nothing that asks for them."""
    op.add_column("oauth_grant", sa.Column("auth_time", sa.DateTime(timezone=True)))
    op.add_column("oauth_grant", sa.Column("acr", sa.String(64)))
