"""Alembic's entry: brings the connection that it was given to the wanted revision."""

from __future__ import annotations

from alembic import context

from store.sql.upkeep_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
