"""The schema of the rows store: which steps it has had, and how it gets the ones that are missing."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_STEPS = "collector:migrations"


def newest() -> str:
    """The number of the last step that this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def present(connection: Connection) -> str | None:
    """The number of the last step that a database has had; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def known(step: str | None) -> bool:
    """Whether a step is one of this program's: a newer program may have been here."""
    steps = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return step is None or step in steps


def upgrade(connection: Connection) -> None:
    """Take all steps that are missing. The caller commits."""
    command.upgrade(_config(connection=connection), "head")


def _config(**attributes: Any) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", _STEPS)
    config.set_main_option("path_separator", "os")
    return config
