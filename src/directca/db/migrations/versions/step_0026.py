"""Indexes by which long lists are read from where a page begins: cases, organizations, domains, proposals, reports of keys."""

from alembic import op

revision = "0026"
down_revision = "0025"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them. An older release does not mind, and is served by some of them."""
    for table, columns in (
        ("vetting_case", ["opened_at", "id"]),
        ("vetting_case", ["state", "opened_at", "id"]),
        ("organization", ["legal_name", "id"]),
        ("organization", ["status", "legal_name", "id"]),
        ("organization", ["status", "review_due_at"]),
        ("domain_challenge", ["made_at"]),
        ("proposal", ["proposed_at"]),
        ("compromise_report", ["reported_at"]),
        ("compromise_report", ["modulus_sha256"]),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
