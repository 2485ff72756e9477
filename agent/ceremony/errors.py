"""What can go wrong before, while and after a person is asked. Branches of the agent's one error tree."""

from agent.errors import EXIT_BLOCKED, EXIT_NO_CONSENT, OvertError


class CeremonyError(OvertError):
    """The ceremony could not be held, or its outcome could not be kept. Nothing was turned on."""

    remedy = "Try again; if it stays so, run: overt doctor"


class NotEnrolledError(CeremonyError):
    """There is no study to ask about."""

    exit_code = EXIT_NO_CONSENT
    remedy = "overt enrol LINK, with the link that your organisation gave you"


class NobodyThereError(CeremonyError):
    """Nobody can be asked here. Nothing can answer in a person's place."""

    exit_code = EXIT_NO_CONSENT
    remedy = "Run it yourself, in a terminal or on the desktop where you are logged in"


class NothingOfferedError(CeremonyError):
    """The policy lets nothing be asked for."""

    exit_code = EXIT_BLOCKED
    remedy = "None is needed; nothing is captured"


class ClockError(CeremonyError):
    """The clock stands before the last answer, so that a new one would seem older."""

    remedy = "Set the machine's clock, then answer again"


class NotKeptError(CeremonyError):
    """The answer could not be signed or written down durably, so it does not count."""

    remedy = "Check that the disk has room and that your keyring is unlocked, then answer again"
