"""Researchers' sweep receipts, and which batches each names."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DIGEST = sa.String(64)


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "sweeps",
        sa.Column("digest", _DIGEST, primary_key=True),
        sa.Column("researcher", _DIGEST, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_hour", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "swept",
        sa.Column("batch", _DIGEST, primary_key=True),
        sa.Column("sweep", _DIGEST, primary_key=True),
    )
