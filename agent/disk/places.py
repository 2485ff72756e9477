"""Where things lie on this machine. ``OVERT_STATE_DIR`` and ``OVERT_RUNTIME_DIR`` move them, for tests and for IT.

``OVERT_POLICY_FILE`` names one more file with limits; IT's usual one is read all the same, so it can only narrow.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

APP = "overt"
OWNER_ONLY_DIR = 0o700
OWNER_ONLY_FILE = 0o600
MACHINE_POLICY = {
    "linux": Path("/etc/overt/policy.json"),
    "darwin": Path("/Library/Managed Preferences/org.overt.agent.plist"),
}
"""Where IT puts limits, by platform. On Windows they stand in the registry (`registry.py`)."""


def _machine_policies() -> tuple[Path, ...]:
    return (MACHINE_POLICY[sys.platform],) if sys.platform in MACHINE_POLICY else ()


@dataclass(frozen=True)
class Places:
    """Folders of one person's agent."""

    state: Path  # survives reboots
    runtime: Path  # sockets; gone at log-out
    machine_policies: tuple[Path, ...] = field(default_factory=_machine_policies)  # IT's limits; not ours to write

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Places":
        """The folders that the environment names, else the platform's usual ones."""
        state = Path(environ.get("OVERT_STATE_DIR") or platformdirs.user_state_dir(APP, appauthor=False))
        more = environ.get("OVERT_POLICY_FILE")
        policies = _machine_policies() + ((Path(more),) if more else ())
        if runtime := environ.get("OVERT_RUNTIME_DIR"):
            return cls(state, Path(runtime), policies)
        if sys.platform == "linux" and not environ.get("XDG_RUNTIME_DIR"):
            return cls(state, state / "run", policies)  # no session manager: the shared /tmp is no place for a socket
        return cls(state, Path(platformdirs.user_runtime_dir(APP, appauthor=False)), policies)

    def make(self) -> None:
        """Create both folders, readable by their owner only."""
        for folder in (self.state, self.runtime, self.spool, self.consents):
            folder.mkdir(mode=OWNER_ONLY_DIR, parents=True, exist_ok=True)
        for folder in (self.state, self.runtime):
            folder.chmod(OWNER_ONLY_DIR)

    @property
    def control_socket(self) -> Path:
        """Where the daemon listens for its own person."""
        return self.runtime / "control.sock"

    @property
    def switch(self) -> Path:
        """The switch file."""
        return self.state / "switch"

    @property
    def consents(self) -> Path:
        """The consent ledger, a file an entry."""
        return self.state / "consents"

    @property
    def spool(self) -> Path:
        """Sealed batches."""
        return self.state / "spool"

    @property
    def enrolment(self) -> Path:
        """The study, as signed by the organisation."""
        return self.state / "enrolment.json"

    @property
    def own_limits(self) -> Path:
        """What the person themself allows at most, if they wrote it down."""
        return self.state / "limits.json"

    @property
    def not_at_login(self) -> Path:
        """There if the person took Overt out of their session but kept what is theirs."""
        return self.state / "not-at-login"

    @property
    def accessibility(self) -> Path:
        """There if the desktop's accessibility was off, and the person had us turn it on."""
        return self.state / "accessibility-was-off"

    @property
    def hold(self) -> Path:
        """How long the person wants batches held, if longer than the study says."""
        return self.state / "hold.json"

    @property
    def masks(self) -> Path:
        """What the person wants masked beyond the rules."""
        return self.state / "masks.json"

    @property
    def versions(self) -> Path:
        """The newest study and policy that were ever here."""
        return self.state / "versions"

    @property
    def looked(self) -> Path:
        """Written whenever the collector told which study and policy are the newest; its time says when."""
        return self.state / "looked"

    @property
    def log_seen(self) -> Path:
        """The newest checkpoint of the collector's log that was checked."""
        return self.state / "log.checkpoint"

    @property
    def epoch(self) -> Path:
        """The counter of clock epochs."""
        return self.state / "epoch"

    @property
    def keys(self) -> Path:
        """Private keys, where there is no keyring."""
        return self.state / "keys"
