"""The agent's errors: each carries a remedy and a stable exit code. Only ``cli.py`` exits.

Exit codes, documented in README and by ``overt --help``: 0 ok, 1 error, 2 usage, 3 daemon not running, 4 no consent,
5 blocked by policy, 6 the operating system's permission is missing.
"""

EXIT_ERROR, EXIT_USAGE, EXIT_NO_DAEMON, EXIT_NO_CONSENT, EXIT_BLOCKED, EXIT_PERMISSION = range(1, 7)


class OvertError(Exception):
    """Anything that a person is told and can act on. The message never holds captured content."""

    exit_code = EXIT_ERROR
    remedy = "overt doctor"

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy or self.remedy


class BadLinkError(OvertError):
    """An enrolment link that is not one."""

    exit_code = EXIT_USAGE
    remedy = "copy the whole link that your organisation gave you, in quotes: https://…#CODE.KEY"


class EnrolmentRefusedError(OvertError):
    """The collector or the link's own key said no."""

    remedy = "ask your organisation for a new link"


class RefreshRefusedError(OvertError):
    """The study that the collector offers cannot follow the one that is here. Nothing was changed."""

    remedy = "ask your organisation what it has published; what you agreed to still holds"


class NotYoursError(OvertError):
    """Somebody else's agent. What they chose is nobody else's business, so there is nothing to say."""

    remedy = "each person asks for themselves, in their own session"


class NoStudyError(OvertError):
    """There is no study to fetch again."""

    exit_code = EXIT_NO_CONSENT
    remedy = "overt enrol LINK, with the link that your organisation gave you"


class DamagedError(OvertError):
    """Something on disk cannot be read as what it should be."""

    remedy = "export it again on the machine that it came from: overt consent export"


class LogBrokenError(OvertError):
    """The collector's log is not what it was, or does not hold what it says."""

    remedy = "keep this machine's state folder, and tell the study's contact: a log only ever grows"


class UnreachableError(OvertError):
    """The collector could not be reached."""

    remedy = "check the network, then try again; nothing was changed"


class DeletionError(OvertError):
    """What was to be deleted is not all gone."""

    remedy = "make room on the disk and your home folder writable, then delete again"


class NotRunningError(OvertError):
    """No daemon answers."""

    exit_code = EXIT_NO_DAEMON
    remedy = "overt start"


class StartError(OvertError):
    """The daemon or the indicator did not come up."""

    remedy = "overt daemon, to see what it says"
