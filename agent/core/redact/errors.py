"""The two ways redaction can fail; neither message ever carries content."""

from typing import ClassVar


class RedactError(Exception):
    """Root of redaction's errors.

    Attributes:
        remedy: what a person can do about it.
        exit_code: what a command line returns for it (sysexits.h).
    """

    remedy: ClassVar[str] = "Report this with the detector's name; what was being redacted was dropped."
    exit_code: ClassVar[int] = 70  # EX_SOFTWARE


class RedactionFailed(RedactError):  # noqa: N818 - says what happened; the fixed word of the design
    """A detector raised: the segment or frame must be dropped and counted, never passed on.

    Attributes:
        detector: id of the rule or stage that failed.
        kind: class name of the original error, without its text (which may quote the content).
    """

    def __init__(self, detector: str, kind: str) -> None:
        super().__init__(f"detector {detector} failed ({kind})")
        self.detector = detector
        self.kind = kind


class RuleError(RedactError):
    """A redaction rule file cannot be used.

    Attributes:
        source: name of the rule file.
        rule: id of the rule, or ``#3`` for the third rule when it has none.
        field: the field at fault.
    """

    remedy: ClassVar[str] = "Correct the named field of the named rule in the redaction rule file."
    exit_code: ClassVar[int] = 78  # EX_CONFIG

    def __init__(self, source: str, rule: str, field: str, why: str) -> None:
        super().__init__(f"{source}: rule {rule}: field {field}: {why}")
        self.source, self.rule, self.field = source, rule, field
