"""Every limit of the collector, with its unit and reason. The formats' own limits stand in `schemas`."""

from schemas.envelope import MAX_ENVELOPE_BYTES
from schemas.http_signature import MAX_AGE_S
from schemas.signed import MAX_SIGNED_BYTES

MAX_BATCH_BYTES = MAX_ENVELOPE_BYTES
"""Bytes of an upload's body. Counted while it is read; a declared length is believed only when it is too large."""
MAX_DOCUMENT_BYTES = 2 * MAX_SIGNED_BYTES
"""Bytes of a JSON body: the largest signed document, in base64url, with room for its signatures."""
BODIES_HELD_BYTES = 24 << 20
"""Bytes of bodies taken apart in memory at once, each at up to three times its length; others wait on disk. A body that
is longer than this is taken alone."""
BUFFERED_BYTES = 128 << 10
"""Bytes of a body held until they go to disk, once `COMING_HELD_BYTES` are held: 64 MiB for as many bodies as there may
be."""
COMING_HELD_BYTES = 16 << 20
"""Bytes of all bodies that are coming and need no disk for it: 64 usual batches at once. Each holds at most
`SHORT_BYTES` so."""
SHORT_BYTES = 512 << 10
"""Bytes of a body that is hashed and parsed without a thread: about a millisecond. Changing threads costs a tenth of
that for each of the three steps, with every usual batch."""
HEAD_S = 20
"""Seconds in which a request's head must have come whole; then the connection is closed."""
MAX_HEAD_BYTES = 16 << 10
"""Bytes of a request's head: ours have one."""
MAX_CONNECTIONS = 512
"""Requests at once. Each waiting one costs about 70 KiB of buffers; beyond, uvicorn answers 503 at once."""
MAX_DRAINED_BYTES = 2 * MAX_ENVELOPE_BYTES
"""Bytes of a refused body that are read and thrown away, so that its sender hears why instead of a broken pipe."""
BODY_S = 120
"""Seconds in which a body must have come: a largest batch at 4.5 Mbit/s. A slower sender is cut off."""
KEEP_ALIVE_S = 15
"""Seconds that an idle connection stays open: a device sends its next batch in one go or much later."""
SHUTDOWN_S = 10
"""Seconds from SIGTERM in which running requests may end. Cut off ones are sent again."""

NONCE_MEMORY_S = MAX_AGE_S + 30
"""Seconds that a nonce is remembered: a signature's whole life, plus the verifier's clock tolerance, and a margin."""
MAX_NONCES_PER_KEY = 50_000
"""Signed requests of one key within `NONCE_MEMORY_S`, 330 a second. More is a fault. 100 bytes each."""

DEVICE_REQUESTS_S = 2.0
"""Signed requests a second of one device, in the long run. One that captures all day makes a batch in five minutes."""
DEVICE_BURST_REQUESTS = 600.0
"""Requests of one device at once: the batches of a week that waited on a laptop."""
DEVICE_BYTES_S = float(2 << 20)
"""Bytes a second of one device, in the long run: a fast home line's upload."""
DEVICE_BURST_BYTES = float(512 << 20)
"""Bytes of one device at once: half of what may wait on a machine by default."""
STUDY_REQUESTS_S = 1000.0
"""Signed requests a second of all devices at one collector: above what one was measured to serve. `--study-rate`."""
STUDY_BURST_S = 2.0
"""Seconds of the study's rate that may come at once."""
MAX_RETRY_AFTER_S = 900.0
"""Seconds: the longest that anybody is asked to wait, which is the agents' own longest wait."""
METERED_DEVICES = 100_000
"""Devices whose buckets are remembered, 400 bytes each. The one that was quiet for longest is forgotten: as if full."""

MAX_PART_BYTES = 4 << 20
"""Bytes of one part of a long upload: agents send one MiB."""
PARTIAL_BYTES = 4 << 30
"""Bytes of unfinished uploads on a collector's disk. Past this, those that were left for longest go."""
PARTIAL_S = 86_400.0
"""Seconds after which an unfinished upload is deleted: a night, and the next morning."""

CHUNK_BYTES = 256 << 10
"""Bytes read from a blob at a time: one usual batch."""
DEFAULT_PAGE_ROWS = 100
"""Rows of a listing when the caller does not say."""
BUSY_S = 30
"""Seconds to wait for SQLite's write lock, which a backup or a checkpoint may hold."""
CONNECT_S = 10
"""Seconds in which PostgreSQL must accept a connection; then the client hears 503 and comes again."""
STATEMENT_S = 30
"""Seconds for one statement of PostgreSQL: each touches few rows, so more is a fault of the server."""
POOLED_CONNECTIONS = 16
"""Connections of one collector to PostgreSQL, whose own default limit is 100 for all."""
S3_CONNECT_S = 5
"""Seconds in which the S3 store must accept a connection."""
S3_S = 60
"""Seconds for one request to the S3 store: the largest envelope at 9 Mbit/s."""
S3_ATTEMPTS = 3
"""Attempts at one request to the S3 store before its client hears 503: who sent it comes again anyway."""
S3_RETRY_S = 30
"""Seconds after which no further attempt is begun."""
LOG_PERIOD_S = 3_600
"""Seconds between two extensions of the transparency log, unless told otherwise: what happened within an hour is told
at once, so that the log's growth tells nobody when somebody agreed."""
LOG_FILL = 32
"""Entries by which the log grows at least, and of which its growth is a multiple: the rest is random. 9 MiB a year."""
MERGED_AT_ONCE = 20_000
"""Entries that get their places in one extension; others wait for the next. Some seconds of the database's time."""
EXPIRED_AT_ONCE = 500
"""Batches over their time that become tombstones in one transaction."""
RETENTION_S = 600
"""Seconds between two looks for batches over their time. Notices count in days."""
DUMPED_AT_ONCE = 500
"""Rows of a backup held in memory at once."""
MAX_ROWS_AGE_S = 3_600
"""Seconds: older rows are restored only by somebody who says that there are no newer ones."""
TICKET_S = 300
"""Seconds that a link to a page works: from `overt page` to the browser."""
VISIT_S = 900
"""Seconds that a visit to a page lasts."""
MAX_FORM_BYTES = 4_096
"""Bytes of a page's form: ours have 120."""
PAGE_PULLS = 200
"""Readings listed on the participant's page, by researcher, reason and hour; the export has all."""
TALLIED_HOURS = 24
"""Whole hours of which operators see counts."""
TIDY_S = 600
"""Seconds between two rounds of forgetting in which order things came."""
CACHED_DEVICES = 20_000
"""Registrations kept parsed, about 1 KiB each."""
CACHED_LEDGERS = 500
"""Devices whose parsed consent ledger is kept, some 10 KiB an entry. Others are read again from the database."""
SMALL_COUNT = 5
"""Counts of people below this are never shown (G12)."""
