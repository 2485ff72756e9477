"""Errors of ``overt-admin``: what is wrong, what mends it, and the exit code. Only ``cli.py`` exits."""


class AdminError(Exception):
    """Root of this program's errors. The text never holds a secret."""

    remedy = "See overt-admin --help."
    exit_code = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


class InputError(AdminError):
    """A file or an argument that cannot be used as it is."""

    remedy = "Correct the file or the argument, then try again."
    exit_code = 2


class KeyFileError(AdminError):
    """The organisation's signing key is missing, unsafe, or in the way."""

    remedy = "Make a key with overt-admin init, or name its folder with --home."
    exit_code = 2


class PublishError(AdminError):
    """The collector refused a document, or could not be reached."""

    remedy = "Check the collector's address and that it runs, then publish again: it is safe to repeat."
