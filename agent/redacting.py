"""What would be masked: ``overt redact``. Needs no daemon and no consent, for it keeps nothing.

Text flows through a window of bounded size. Lines are given out when enough of what follows them has been looked at,
so that a value over several lines is found whole; what has gone out stays as context on the left.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import policies
from agent.core.redact.errors import RedactError
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.spans import Ordinals, Span, apply
from agent.core.redact.text import TextRedactor
from agent.errors import OvertError
from agent.native.watchdog import Watchdog

if TYPE_CHECKING:
    from agent.core.redact.pixels import Pixels, Rect

LEFT, RIGHT = 2_048, 8_192
"""Code points looked at before and after what is given out: the widest rule that ends looks over fewer."""
WINDOW = 32_768
"""Code points held at most before some are given out."""
MAX_LINE = 8 << 20
"""Bytes of one line of JSON; more is refused rather than held in memory."""
PIECE = 16_384
"""Bytes read at once; a longer line of plain text is read in pieces."""
STUCK_S = 120.0
"""Seconds for a window of text, by the clock on the wall: this is no daemon, and the machine may be busy."""
MODES = ("layout", "reveal")
"""What can be done with a picture."""
MAX_PICTURE = 256 << 20
"""Bytes of a picture's file; more is refused rather than held in memory."""

Told = Callable[[str], None]
"""Takes a sentence about input that was left out. It never quotes that input."""


class BadInputError(OvertError):
    """What came in is not what was announced. The message names the line or the file, and quotes nothing."""

    remedy = "mend what is named; overt redact --help tells what is taken"


def redactor(key: bytes) -> TextRedactor:
    """The built-in rules, as the daemon has them.

    Args:
        key: Secret random bytes, 16 to 64: equal values get equal ordinals under one key.
    """
    rules, watchdog = RuleSet(policies.redaction_rules()), Watchdog(STUCK_S, 2 * STUCK_S)
    return TextRedactor(rules, key, Names(policies.names_model), time.process_time, watchdog)


def json_lines(source: BinaryIO, into: BinaryIO, masker: TextRedactor, told: Told) -> bool:
    """Give every object back with ``masked`` and ``spans``; all other keys stay.

    Args:
        source: One JSON object with a string ``text`` a line; empty lines are passed over.
        into: Takes the objects, one a line, each as soon as it is done.
        masker: What finds and replaces.
        told: Hears of each line that could not be used and was left out.

    Returns:
        True if no line was left out.
    """
    whole = True
    for number, line in enumerate(_lines(source, MAX_LINE), 1):
        if line is not None and not line.strip():
            continue
        try:
            done = _object(line, masker)
        except (BadInputError, RedactError) as error:
            whole = False
            told(f"line {number}: {error}")
            continue
        into.write(_json(done) + b"\n")
        into.flush()
    return whole


def plain_text(source: BinaryIO, into: BinaryIO, masker: "Window", told: Told) -> bool:
    """Give text back with placeholders, in bounded memory.

    Args:
        source: UTF-8; line ends are kept as they are.
        into: Takes the masked text.
        masker: A fresh window.
        told: Hears of each line that is no UTF-8 and was left out.

    Returns:
        True if no line was left out.

    Raises:
        RedactionFailed: A detector failed; what was held then is not given out.
    """
    whole, number, held = True, 1, b""
    while piece := source.readline(PIECE):
        data, held = held + piece, b""
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if not data.endswith(b"\n") and error.end == len(data) and error.reason == "unexpected end of data":
                held = data  # a letter cut in two by the size of the piece
                continue
            whole = False
            told(f"line {number}: not UTF-8; the line was left out")
            while data and not data.endswith(b"\n"):
                data = source.readline(PIECE)
            text = "\n"
        number += text.endswith("\n")
        into.write(masker.take(text).encode())
    if held:
        whole = False
        told(f"line {number}: not UTF-8; its end was left out")
    into.write(masker.rest().encode())
    into.flush()
    return whole


class Window:
    """Text in, masked text out, some thousand code points later.

    Args:
        masker: What finds.
        key: For the ordinals of the placeholders.
    """

    def __init__(self, masker: TextRedactor, key: bytes) -> None:
        self._masker = masker
        self._ordinals = Ordinals(key)
        self._text = ""
        self._done = 0  # code points of it that have been given out

    def take(self, text: str) -> str:
        """Take more; gives what can be told by now.

        Raises:
            RedactionFailed: A detector failed.
        """
        self._text += text
        return self._give(RIGHT) if len(self._text) - self._done >= WINDOW else ""

    def rest(self) -> str:
        """No more comes: gives all that is left.

        Raises:
            RedactionFailed: A detector failed.
        """
        return self._give(0)

    def _give(self, right: int) -> str:
        spans = self._masker.find(self._text)
        end = _cut(self._text, spans, self._done, len(self._text) - right)
        inside = [
            Span(max(s.start, self._done) - self._done, min(s.end, end) - self._done, s.cls, s.detector, s.version)
            for s in spans
            if s.end > self._done and s.start < end
        ]
        masked, _ = apply(self._text[self._done : end], inside, self._ordinals)
        keep = max(0, end - LEFT)
        self._text, self._done = self._text[keep:], end - keep
        return masked


def _cut(text: str, spans: list[Span], first: int, last: int) -> int:
    """Where to part: after a line, in no find. A find or a line that fills the window is parted all the same."""
    around = next((s for s in spans if s.start < last < s.end), None)
    if around is not None and around.start > first:
        last = around.start
    line = text.rfind("\n", first, last) + 1
    if last < len(text) and line > first and not any(s.start < line < s.end for s in spans):
        return line
    return last


def picture(source: Path, into: Path, reveal: Told | None = None) -> list[dict[str, Any]]:
    """Write the picture with its text filled; gives what was filled.

    The new file is made from the masked pixels alone: no thumbnail, profile or comment of the original is in it.

    Args:
        source: A picture that OpenCV can read.
        into: The PNG to write.
        reveal: Dull lines are shown; hears why none is, where text cannot be read. Without, all text is filled.

    Returns:
        ``{"rect": [left, top, right, bottom], "class": "TEXT"}`` for each rectangle, in pixels of the picture.

    Raises:
        BadInputError: The file is missing, too large or no picture, or the new one cannot be written.
        RedactionFailed: The detector failed; nothing is written.
    """
    import cv2  # noqa: PLC0415  # 40 MB of memory that text does not need
    import numpy as np  # noqa: PLC0415

    from agent.core.redact.pixels import masked  # noqa: PLC0415

    if into.suffix.lower() != ".png":
        raise BadInputError(f"{into}: the masked picture is a PNG, so its name ends in .png")
    try:
        with source.open("rb") as file:
            data = file.read(MAX_PICTURE + 1)
    except OSError as error:
        raise BadInputError(f"{source}: {error.strerror or 'cannot be read'}") from None
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if 0 < len(data) <= MAX_PICTURE else None
    except cv2.error:
        pixels = None
    if pixels is None:
        raise BadInputError(f"{source}: not a picture that can be read")
    whole = np.asarray(pixels, np.uint8)
    filled, boxes = masked(whole)
    if reveal is not None:
        boxes = _revealed(filled, whole, boxes, reveal)
    try:
        into.write_bytes(cv2.imencode(".png", filled)[1].tobytes())
    except OSError as error:
        raise BadInputError(f"{into}: {error.strerror or 'cannot be written'}") from None
    return [{"rect": list(box), "class": "TEXT"} for box in boxes]


def _revealed(filled: "Pixels", whole: "Pixels", boxes: list["Rect"], told: Told) -> list["Rect"]:
    from agent.sources.revealing import revealer, unmasked  # noqa: PLC0415  # reads text in a process of its own

    shows = revealer(time.monotonic)
    try:
        if not shows.installed:
            told("text in pictures cannot be read here, so all of it is filled; install overt[reveal]")
            return boxes
        left = unmasked(filled, whole, boxes, shows.shown(whole, boxes))
    finally:
        shows.close()
    if shows.failures:
        told("the reader of text failed, so all of it is filled")
    return left


def _object(line: bytes | None, masker: TextRedactor) -> dict[str, Any]:
    if line is None:
        raise BadInputError(f"longer than {MAX_LINE >> 20} MiB")
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInputError("not UTF-8") from None
    except (ValueError, RecursionError):  # without the original error: it quotes the line
        raise BadInputError("not JSON") from None
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        raise BadInputError("not an object with a string `text`")
    spans = masker.find(text)
    told = [{"start": s.start, "end": s.end, "class": s.cls, "detector": s.detector} for s in spans]
    return {**found, "masked": masker.redact(text).text, "spans": told}


def _json(value: dict[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can name and UTF-8 cannot
        return json.dumps(value).encode()


def _lines(source: BinaryIO, most: int) -> Iterator[bytes | None]:
    """Every line; None in the place of one that is too long."""
    while line := source.readline(most + 1):
        if len(line) <= most:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(PIECE)
        yield None
