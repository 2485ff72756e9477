"""``overt status`` without the weight of the command line and of the schemas: those take longer than the answer.

What is read here is the daemon's own JSON (:class:`schemas.status.Status`), which the daemon has validated.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from agent.disk.places import Places
from agent.errors import EXIT_BLOCKED, EXIT_NO_CONSENT, EXIT_PERMISSION, NotRunningError, StartError
from agent.net.dial import DaemonNotRunning, ProtocolError, dial, say
from agent.owner import check_owner

WARNING_DAYS = 14
"""As :data:`schemas.status.WARNING_DAYS`, which takes msgspec to import."""
DAY_S = 86_400
EXIT_CODES = {
    "blocked_by_organisation": EXIT_BLOCKED,
    "policy_missing": EXIT_BLOCKED,
    "policy_unsigned": EXIT_BLOCKED,
    "policy_rolled_back": EXIT_BLOCKED,
    "policy_refused": EXIT_BLOCKED,
    "policy_expired": EXIT_BLOCKED,
    "permission_missing": EXIT_PERMISSION,
    "wayland": EXIT_PERMISSION,
}
"""By :class:`schemas.status.ClosedReason`. All others are no fault."""
REMEDY = "overt stop, then overt start"
Status = Mapping[str, Any]


def wants(arguments: Sequence[str]) -> bool:
    """Whether these arguments of ``overt`` ask for this command and for nothing that only the command line knows."""
    return list(arguments) in (["status"], ["status", "--json"])


def answer(environ: Mapping[str, str], *, as_json: bool, bold: bool) -> tuple[str, int]:
    """Where the agent stands, as it is to be printed, and the exit code.

    Raises:
        NotRunningError: there is no daemon, so nothing is captured.
        NotYoursError: it is another person's.
        StartError: the daemon is of another version.
    """
    places = Places.from_environ(environ)
    check_owner(places)
    try:
        told = told_status(places)
    except DaemonNotRunning:
        raise NotRunningError("The daemon is not running, so nothing is captured.") from None
    except ProtocolError as error:
        raise StartError(f"{error}", REMEDY) from None
    if as_json:  # RFC 8785: the keys are plain ASCII, and there are no fractions
        text = json.dumps(_without_none(told), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    else:
        headline, *rest = lines(told, time.time())
        text = "\n".join([f"\033[1m{headline}\033[0m" if bold else headline, *rest])
    return text, exit_code(told["state"], [c["reason"] for c in told["conditions"] if not c["holds"]])


def told_status(places: Places) -> Status:
    """The daemon's own word.

    Raises:
        DaemonNotRunning: nobody answers.
        ProtocolError: somebody answers who is not the daemon of this version.
    """
    status = say(lambda: dial(places.control_socket), "status").get("status")
    if not isinstance(status, dict) or status.get("version") != 1:
        raise ProtocolError("the daemon speaks another version")
    return status


_HELD = {"metered": ": the network is metered", "battery": ": the battery is low"}
"""Why batches wait, in words."""


def lines(now: Status, now_s: float) -> list[str]:
    """Where the agent stands, in words, with its counts."""
    counts = now["counts"]
    held = f", {counts['held']} not decided yet" if counts["held"] else ""
    told = [
        now["sentence"],
        *([f"Study: {now['study']} ({now['organisation']})"] if now["study"] else ()),
        f"Since start: {counts['seen']} seen = {counts['kept']} kept + {sum(counts['dropped'].values())} dropped{held}",
        *(f"  dropped, {reason}: {count}" for reason, count in counts["dropped"].items()),
        f"Batches: {counts['batches_sent']} received by the collector, {counts['batches_waiting']} waiting"
        + _HELD.get(now.get("sending_waits") or "", ""),
    ]
    if counts["batches_erasing"]:
        told.append(f"Being deleted by the collector, not confirmed yet: {counts['batches_erasing']} batches")
    if now["consent_until"] is not None and (days := _days_left(now["consent_until"], now_s)) <= WARNING_DAYS:
        told.append(
            f"Your consent ends in {days} days. To renew it: overt on. If you do nothing, it turns off by itself."
        )
    if now.get("policy_problem"):
        told.append(f"A policy file is refused: {now['policy_problem']}")
    if now["keys_in"]:
        told.append(f"Your keys are in {now['keys_in']}.")
    return told


def exit_code(state: str, closed: Sequence[str]) -> int:
    """What scripts are told of a state.

    Args:
        state: :class:`schemas.status.State`.
        closed: reasons that close the gate, the first of which names the state.
    """
    if closed and state == "off":
        return EXIT_NO_CONSENT
    return next((EXIT_CODES[reason] for reason in closed if reason in EXIT_CODES), 0)


def _days_left(until_s: int, now_s: float) -> int:
    return max(0, (until_s - int(now_s)) // DAY_S)


def _without_none(value: Any) -> Any:
    """A document as its canonical form has it: what is absent is left out."""
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value
