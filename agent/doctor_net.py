"""The part of ``overt doctor`` that asks the collector: network, proxy, certificate and clock, told apart."""

import ssl
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from agent.doctor_check import Check
from agent.net.http import httpx
from agent.net.tls import http_client

TIMEOUT_S = 5.0
"""Seconds to wait for the collector."""
SKEW_S = 60.0
"""Seconds by which this clock and the collector's may differ: it takes signatures of the last minutes."""
WAITS = "check the network, or ask IT; sealed batches wait, and none is lost"
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def ask(url: str, environ: Mapping[str, str], now_s: float) -> list[Check]:
    """What comes of asking a collector for its health.

    Args:
        url: its address.
        environ: names a proxy, if there is one.
        now_s: Unix time.
    """
    proxy = next((name for name in PROXIES if environ.get(name)), None)
    try:
        with http_client(url) as client:
            reply = client.get(f"{url}/healthz", timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        return [_unreached(url, error, proxy)]
    return list(_reached(url, reply, proxy, now_s))


def _unreached(url: str, error: Exception, proxy: str | None) -> Check:
    if _is_certificate(error):
        sentence = f"The certificate of {url} is not from an authority that this machine trusts, or is out of date."
        remedy = "have IT add its authority to this machine's (Debian: update-ca-certificates), and look at the clock"
        return Check("certificate", ok=False, sentence=sentence, remedy=remedy)
    if isinstance(error, httpx.ProxyError) or (proxy is not None and isinstance(error, httpx.ConnectError)):
        remedy = f"look at the variable {proxy}, or ask IT which proxy to use"
        return Check("proxy", ok=False, sentence="The proxy does not let this machine through.", remedy=remedy)
    sentence = f"The collector at {url} does not answer."
    return Check("collector", ok=False, sentence=sentence, remedy=WAITS)


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _reached(url: str, reply: httpx.Response, proxy: str | None, now_s: float) -> Iterator[Check]:
    if not reply.is_success:
        sentence = f"At {url} something answers, but no collector that is well (HTTP {reply.status_code})."
        yield Check("collector", ok=False, sentence=sentence, remedy=WAITS)
        return
    way = f" through the proxy of {proxy}" if proxy and url.startswith("https") else ""
    yield Check("collector", ok=True, sentence=f"The collector answers{way}.")
    said = reply.headers.get("date", "")
    try:
        away_s = now_s - parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError):
        yield Check("clock", ok=None, sentence="The collector does not say what time it is.")
        return
    if abs(away_s) > SKEW_S:
        sentence = (
            f"This machine's clock is {abs(away_s):.0f} s {'ahead of' if away_s > 0 else 'behind'} the collector's."
        )
        yield Check("clock", ok=False, sentence=sentence, remedy="switch on setting the time by network: timedatectl")
        return
    yield Check("clock", ok=True, sentence="This machine's clock agrees with the collector's.")
