"""Nonces of signed requests, shared by collectors over one database."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, if it is missing."""
    if "nonces" in sa.inspect(op.get_bind()).get_table_names():
        return
    op.create_table(
        "nonces",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("nonces_by_time", "nonces", ["seen_at"])
