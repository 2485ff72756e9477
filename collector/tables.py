"""The rows store's tables, in SQL that SQLite and PostgreSQL both speak."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
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
    Column("due_hour", BigInteger, nullable=True),  # until when the consent allows to keep it
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
nonces = Table(  # of signed requests; only collectors that share a database need it. Digests tell nobody who signed
    "nonces",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("nonces_by_time", "seen_at"),
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
log = Table(  # entries of the transparency log, each written with what it tells of
    "log",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", DIGEST, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("device", DIGEST, nullable=True),  # whom it concerns
    Column("position", BigInteger, nullable=True, unique=True),  # place in the log, once it has one
    Index("log_by_device", "device"),
    sqlite_autoincrement=True,
)
log_tiles = Table(
    "log_tiles",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
log_heads = Table(
    "log_heads",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("period", BigInteger, nullable=False, unique=True),
)
feed = Table(
    "feed",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("device", DIGEST, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("head", DIGEST, nullable=False),
    Index("feed_by_device", "device"),
)
visits = Table(  # to pages; digests of tickets and cookies only
    "visits",
    metadata,
    Column("ticket", DIGEST, primary_key=True),
    Column("role", String(20), nullable=False),
    Column("device", DIGEST, nullable=True),
    Column("cookie", DIGEST, nullable=True, unique=True),
    Column("expires_s", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
holds = Table(  # devices whose batches nobody gets, because their person said so on their page
    "holds",
    metadata,
    Column("device", DIGEST, primary_key=True),
    Column("wish", String(20), nullable=False),
    Column("asked_hour", BigInteger, nullable=False),
    sqlite_with_rowid=False,
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
