"""The tables of the first version. A database that was made before there were steps is brought to the same state."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_DIGEST = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _body() -> list[sa.Column[object]]:
    return [
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_hour", sa.BigInteger, nullable=False),
    ]


def upgrade() -> None:
    """Make what is missing."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    for name, make in _TABLES.items():
        if name not in there:
            make()
    if "batches" in there:
        columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("batches")}
        if "erased_hour" not in columns:  # made before anything could be erased
            op.add_column("batches", sa.Column("erased_hour", sa.BigInteger, nullable=True))


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("position", _COUNTER, primary_key=True),
        sa.Column("digest", _DIGEST, nullable=False, unique=True),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("study", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("kind", "study", "version"),
        sqlite_autoincrement=True,
    )


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("digest", _DIGEST, primary_key=True),
        sa.Column("expires_s", sa.BigInteger, nullable=False),
        sa.Column("used", sa.Boolean, nullable=False),
    )


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("device", _DIGEST, primary_key=True),
        sa.Column("digest", _DIGEST, nullable=False, unique=True),
        *_body(),
        sqlite_with_rowid=False,
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("device", _DIGEST, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("digest", _DIGEST, nullable=False, unique=True),
        *_body(),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("cursor", _COUNTER, primary_key=True),
        sa.Column("digest", _DIGEST, nullable=False, unique=True),
        sa.Column("device", _DIGEST, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("received_hour", sa.BigInteger, nullable=False),
        sa.Column("erased_hour", sa.BigInteger, nullable=True),
        sa.UniqueConstraint("device", "sequence"),
        sqlite_autoincrement=True,
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("digest", _DIGEST, primary_key=True),
        sa.Column("device", _DIGEST, nullable=False),
        *_body(),
        sqlite_with_rowid=False,
    )


def _pulls() -> None:
    op.create_table(
        "pulls",
        sa.Column("position", _COUNTER, primary_key=True),
        sa.Column("researcher", _DIGEST, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("pulls_by_digest", "pulls", ["digest"])


_TABLES = {
    "documents": _documents,
    "codes": _codes,
    "devices": _devices,
    "consents": _consents,
    "batches": _batches,
    "erasures": _erasures,
    "pulls": _pulls,
}
