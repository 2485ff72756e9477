"""The rows store's tables, in SQL that SQLite and PostgreSQL both speak."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

DIGEST = String(64)
SLUG = String(64)
COUNTER = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself in SQLite

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("position", COUNTER, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("kind", String(100), nullable=False),
    Column("study", SLUG, nullable=False),
    Column("version", BigInteger, nullable=True),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("kind", "study", "version"),  # code lists have no version: NULLs are distinct
    sqlite_autoincrement=True,
)
codes = Table(  # neither time nor device of use: nothing here tells who enrolled with which code (G12)
    "codes",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("expires_s", BigInteger, nullable=False),
    Column("used", Boolean, nullable=False, default=False),
)
devices = Table(
    "devices",
    metadata,
    Column("device", DIGEST, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("received_hour", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # a rowid would keep the order of enrolment
)
consents = Table(
    "consents",
    metadata,
    Column("device", DIGEST, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("received_hour", BigInteger, nullable=False),
)
batches = Table(
    "batches",
    metadata,
    Column("cursor", COUNTER, primary_key=True),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("device", DIGEST, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received_hour", BigInteger, nullable=False),
    Column("erased_hour", BigInteger, nullable=True),  # set: a tombstone
    UniqueConstraint("device", "sequence"),
    sqlite_autoincrement=True,  # a cursor never comes twice
)
erasures = Table(
    "erasures",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("device", DIGEST, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_hour", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # as for devices
)
sweeps = Table(
    "sweeps",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("researcher", DIGEST, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_hour", BigInteger, nullable=False),
)
swept = Table(  # which batches a receipt names
    "swept",
    metadata,
    Column("batch", DIGEST, primary_key=True),
    Column("sweep", DIGEST, primary_key=True),
)
pulls = Table(
    "pulls",
    metadata,
    Column("position", COUNTER, primary_key=True),
    Column("researcher", DIGEST, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_s", BigInteger, nullable=False),
    Index("pulls_by_digest", "digest"),
    sqlite_autoincrement=True,
)
