"""Runs the migrations on the connection that ``store.schema`` hands in, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

from b24app.store import tables  # noqa: F401 - fills the metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
context.run_migrations()
