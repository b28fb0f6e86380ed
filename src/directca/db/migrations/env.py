"""Runs migrations on the connection that `migrate.py` hands over."""

from alembic import context

from directca.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
