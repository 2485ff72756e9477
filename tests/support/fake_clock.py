"""A clock that stands still until a test moves it."""

DAY_NS = 86_400_000_000_000
MS_NS = 1_000_000
S_NS = 1_000_000_000


class FakeClock:
    """Both of the machine's clocks. Times are nanoseconds."""

    def __init__(self, mono_ns: int = 1_000 * S_NS, wall_ns: int = 1_800_000_000 * S_NS) -> None:
        self.mono_ns = mono_ns
        self.wall_ns = wall_ns

    def monotonic_ns(self) -> int:
        """As :class:`agent.native.base.Clock`."""
        return self.mono_ns

    def time_ns(self) -> int:
        """As :class:`agent.native.base.Clock`."""
        return self.wall_ns

    def monotonic_s(self) -> float:
        """Monotonic seconds, as the shipper asks for them."""
        return self.mono_ns / S_NS

    def now_s(self) -> float:
        """Unix time in seconds."""
        return self.wall_ns / S_NS

    def advance(self, ns: int) -> None:
        """Let time pass on both clocks."""
        self.mono_ns += ns
        self.wall_ns += ns

    def step(self, ns: int) -> None:
        """Set the wall clock forward or back, as a person or NTP would."""
        self.wall_ns += ns
