"""What alembic runs: the steps that are missing, on the connection that `collector.schema` hands over."""

from alembic import context

from collector.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
