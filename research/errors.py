"""Errors of ``overt-research``: what is wrong, what mends it, and the exit code. Only ``cli.py`` exits."""


class ResearchError(Exception):
    """Root of this program's errors. The text never holds a secret or anything recorded."""

    remedy = "See overt-research --help."
    exit_code = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


class InputError(ResearchError):
    """A file or an argument that cannot be used as it is."""

    remedy = "Correct the argument, then try again."
    exit_code = 2


class KeyFileError(ResearchError):
    """The researcher's keys are missing, unsafe, or in the way."""

    remedy = "Make keys with overt-research keygen, or name their folder with --home."
    exit_code = 2


class NotEnrolledError(ResearchError):
    """No collector, or no organisation's key, to go by."""

    remedy = "Run overt-research enrol first, or pass the organisation's public key with --organisation."
    exit_code = 2


class CollectorError(ResearchError):
    """The collector refused a request, answered nonsense, or was not reached."""

    remedy = "Check the collector's address and that it runs, then try again: what was fetched is kept."

    def __init__(self, message: str, remedy: str | None = None, *, retry: bool = False) -> None:
        super().__init__(message, remedy)
        self.retry = retry
        """True if the same request may well succeed a moment later."""


class UnsealError(ResearchError):
    """A sealed file that this key does not open, or that is damaged."""

    remedy = "Use the key of a researcher whom the study names; if it is yours, fetch the batch again."


class ExportError(ResearchError):
    """An export that cannot be written."""
