"""Visits to pages, and what participants wished there."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_DIGEST = sa.String(64)


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "visits",
        sa.Column("ticket", _DIGEST, primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("device", _DIGEST, nullable=True),
        sa.Column("cookie", _DIGEST, nullable=True, unique=True),
        sa.Column("expires_s", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holds",
        sa.Column("device", _DIGEST, primary_key=True),
        sa.Column("wish", sa.String(20), nullable=False),
        sa.Column("asked_hour", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
