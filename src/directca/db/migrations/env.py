"""Runs migrations on the connection that `migrate.py` hands over."""

from alembic import context

from directca.db.schema import metadata

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    version_table=given.get("version_table", "alembic_version"),
)
with context.begin_transaction():
    context.run_migrations()
