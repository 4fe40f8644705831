"""Alembic's entry point; `Database.migrate` hands it the connection."""

from alembic import context

# SQLite needs tables to be copied for what ALTER TABLE cannot do there.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
