"""The HTTP client of the agent: the system's proxies and the system's trust store.

Proxies come from ``HTTPS_PROXY`` and ``NO_PROXY``. Certificates are checked against the store that the system's
administrator keeps (OpenSSL's on Linux, where ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name another; Keychain; Windows'
store), so an organisation's own authority needs no setting of ours. Checking cannot be switched off.
"""

import ssl
from urllib.parse import urlsplit

from agent.net.http import httpx
from schemas.wire import LOOPBACK

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: half a minute for an upload to be made durable; five to find the collector."""


def http_client(url: str) -> httpx.Client:
    """A client for one collector. What never leaves the machine needs neither proxy nor certificates."""
    local = urlsplit(url).hostname in LOOPBACK
    headers = {"user-agent": "overt"}
    if url.startswith("http://"):
        return httpx.Client(timeout=TIMEOUT, headers=headers, trust_env=not local, verify=False)  # no TLS
    return httpx.Client(timeout=TIMEOUT, headers=headers, trust_env=not local, verify=system_trust())


def system_trust() -> ssl.SSLContext:
    """TLS as the system trusts it."""
    import truststore  # noqa: PLC0415  # only who ships needs it

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
