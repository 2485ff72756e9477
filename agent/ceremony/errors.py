"""What can go wrong before, while and after a person is asked."""


class CeremonyError(Exception):
    """The ceremony could not be held, or its outcome could not be kept. Nothing was turned on."""

    exit_code = 1
    remedy = "Try again; if it stays so, run: overt doctor"


class NotEnrolledError(CeremonyError):
    """There is no study to ask about."""

    exit_code = 3
    remedy = "overt enrol LINK, with the link that your organisation gave you"


class NobodyThereError(CeremonyError):
    """Nobody can be asked here. Nothing can answer in a person's place."""

    exit_code = 4
    remedy = "Run it yourself, in a terminal or on the desktop where you are logged in"


class NothingOfferedError(CeremonyError):
    """The policy lets nothing be asked for."""

    exit_code = 5
    remedy = "None is needed; nothing is captured"


class ClockError(CeremonyError):
    """The clock stands before the last answer, so that a new one would seem older."""

    exit_code = 6
    remedy = "Set the machine's clock, then answer again"


class NotKeptError(CeremonyError):
    """The answer could not be signed or written down durably, so it does not count."""

    exit_code = 7
    remedy = "Check that the disk has room and that your keyring is unlocked, then answer again"
