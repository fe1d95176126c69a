"""Run by alembic for each migration: uses the connection that ``migrate`` has opened and locked."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
