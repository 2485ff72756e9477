"""The transparency log, the feed of erasures, and until when each batch may be kept.

What was there before is entered into log and feed, so that nothing of it is left out of them.
"""

import os

import sqlalchemy as sa
from alembic import op

from collector.migrations.backfill import backfill

revision = "0003"
down_revision = "0002"

_DIGEST = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables, and enter what is there."""
    op.add_column("batches", sa.Column("due_hour", sa.BigInteger, nullable=True))
    log = op.create_table(
        "log",
        sa.Column("id", _COUNTER, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", _DIGEST, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("device", _DIGEST, nullable=True),
        sa.Column("position", sa.BigInteger, nullable=True, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_index("log_by_device", "log", ["device"])
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_heads",
        sa.Column("size", sa.BigInteger, primary_key=True),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("period", sa.BigInteger, nullable=False, unique=True),
    )
    feed = op.create_table(
        "feed",
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("device", _DIGEST, nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("head", _DIGEST, nullable=False),
    )
    op.create_index("feed_by_device", "feed", ["device"])
    entries, lines = backfill(op.get_bind())
    if entries:
        op.bulk_insert(log, [entry | {"salt": os.urandom(32)} for entry in entries])
    if lines:
        op.bulk_insert(feed, lines)
