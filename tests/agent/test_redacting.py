"""``overt redact``: streams text, keeps what it must, loses nothing but what it names."""

import io
import json
import random
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin
from typer.testing import CliRunner

from agent import redact_cli, redacting
from agent.core.redact.pixels import MASK_COLOUR
from agent.core.redact.spans import CLOSE, OPEN
from agent.redact_typing import NoTerminalError, Typed
from agent.redacting import BadInputError, Window, json_lines, picture, plain_text, redactor
from tests.agent.core.redact.redact_examples import make

KEY = b"0" * 32
MASKER = redactor(KEY)


def _masked(data: bytes) -> tuple[str, list[str], bool]:
    into, told = io.BytesIO(), list[str]()
    whole = plain_text(io.BytesIO(data), into, Window(MASKER, KEY), told.append)
    return into.getvalue().decode(), told, whole


def _objects(data: bytes) -> tuple[list[dict[str, object]], list[str], bool]:
    into, told = io.BytesIO(), list[str]()
    whole = json_lines(io.BytesIO(data), into, MASKER, told.append)
    return [json.loads(line) for line in into.getvalue().splitlines()], told, whole


def test_text_comes_back_masked_with_its_line_ends() -> None:
    assert _masked(b"a@x.example\r\nb \xc3\xa9\n\nend") == (f"{OPEN}EMAIL#1{CLOSE}\r\nb é\n\nend", [], True)


def test_nothing_in_gives_nothing_out() -> None:
    assert _masked(b"") == ("", [], True)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 9))
def test_a_value_anywhere_in_a_long_stream_is_masked(lines: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # test data
    secret = "\n".join(make(rng, "base64", "64") for _ in range(20))
    before, after = "a line of it\n" * lines, "and on it goes\n" * 4_000
    key = f"-----BEGIN RSA {''}PRIVATE KEY-----\n{secret}\n-----END RSA {''}PRIVATE KEY-----"
    text, _, whole = _masked(f"{before}{key}\n{after}".encode())
    assert text == f"{before}{OPEN}PRIVATE_KEY#1{CLOSE}\n{after}"
    assert whole


@settings(max_examples=10, deadline=None)
@given(st.integers(30_000, 36_000))
def test_a_value_in_a_line_longer_than_the_window_is_masked(at: int) -> None:
    word = "é·" * (at // 2)
    text, _, _ = _masked(f"{word} ann@mail.example {word}".encode())
    assert text == f"{word} {OPEN}EMAIL#1{CLOSE} {word}"


def test_what_is_held_is_bounded() -> None:
    window = Window(MASKER, KEY)
    for _ in range(40):
        window.take("some words that go on without a line's end " * 200)
        assert len(window._text) < redacting.WINDOW + 16_384


def test_a_line_that_is_no_utf8_is_named_and_the_rest_is_there() -> None:
    text, told, whole = _masked(b"one\ntw\xff o\nthree a@x.example\n")
    assert text == f"one\n\nthree {OPEN}EMAIL#1{CLOSE}\n"
    assert told == ["line 2: not UTF-8; the line was left out"]
    assert not whole


def test_objects_keep_their_keys_and_tell_spans_in_code_points() -> None:
    found, told, whole = _objects('{"id": 7, "text": "🙂 mail ann@x.example", "more": [1.5, null]}\n\n'.encode())
    assert found == [
        {
            "id": 7,
            "text": "🙂 mail ann@x.example",
            "more": [1.5, None],
            "masked": f"🙂 mail {OPEN}EMAIL#1{CLOSE}",
            "spans": [{"start": 7, "end": 20, "class": "EMAIL", "detector": "email"}],
        }
    ]
    assert (told, whole) == ([], True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{canary", "not JSON"),
        (b'["canary"]', "not an object with a string `text`"),
        (b'{"txt": "canary"}', "not an object with a string `text`"),
        (b'{"text": 5}', "not an object with a string `text`"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_named_not_quoted_and_the_others_come(line: bytes, why: str) -> None:
    found, told, whole = _objects(b'{"text": "a"}\n' + line + b'\n{"text": "b"}')
    assert [each["text"] for each in found] == ["a", "b"]
    assert told == [f"line 2: {why}"]
    assert not whole


def test_a_line_beyond_the_limit_is_named_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "MAX_LINE", 64)
    found, told, _ = _objects(b'{"text": "' + b"a" * 100 + b'"}\n{"text": "b"}\n')
    assert [each["text"] for each in found] == ["b"]
    assert len(told) == 1
    assert told[0].startswith("line 1: longer than")


def test_half_a_surrogate_pair_survives() -> None:
    found, _, whole = _objects(b'{"text": "\\ud800 a@x.example"}')
    assert whole
    assert found[0]["text"] == "\ud800 a@x.example"


def test_a_picture_is_filled_and_its_rectangles_told(tmp_path: Path) -> None:
    shot = np.full((80, 300, 3), 255, np.uint8)
    cv2.putText(shot, "hello", (20, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    cv2.imwrite(str(tmp_path / "in.png"), shot)
    told = picture(tmp_path / "in.png", tmp_path / "out.png")
    after = cv2.imread(str(tmp_path / "out.png"))
    assert after is not None
    assert not (after == 0).all(axis=2).any()
    assert all(set(each) == {"rect", "class"} for each in told)
    left, top, right, bottom = told[0]["rect"]
    assert len(np.unique(after[top:bottom, left:right].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_and_nothing_written(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(data)
    with pytest.raises(BadInputError, match="not a picture"):
        picture(tmp_path / "in.png", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.png"):
        picture(tmp_path / "none.png", tmp_path / "out.png")


def _app() -> typer.Typer:
    app = typer.Typer()
    app.add_typer(redact_cli.app, name="redact")
    app.command("other")(lambda: None)
    return app


def test_the_command_takes_text_and_objects_and_exits_by_what_was_lost() -> None:
    run = CliRunner()
    text = run.invoke(_app(), ["redact"], input=b"ann@x.example\n")
    assert (text.exit_code, text.stdout) == (0, f"{OPEN}EMAIL#1{CLOSE}\n")
    lines = run.invoke(_app(), ["redact", "--jsonl"], input=b'{"text": "a"}\nx\n')
    assert (lines.exit_code, json.loads(lines.stdout)["masked"]) == (1, "a")
    assert lines.stderr == "overt: line 2: not JSON\n"


def _shot(at: Path) -> Path:
    shot = np.full((200, 420, 3), 255, np.uint8)
    for row, text in enumerate(("Save as", "ann.lee@example.org")):
        cv2.putText(shot, text, (20, 60 + 80 * row), cv2.FONT_HERSHEY_DUPLEX, 0.8, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.imwrite(str(at), shot)
    return at


@pytest.mark.parametrize("mode", ["layout", "reveal"])
def test_the_command_masks_a_picture_in_both_modes(mode: str, tmp_path: Path) -> None:
    shot, out = _shot(tmp_path / "a.png"), tmp_path / "b.png"
    done = CliRunner().invoke(_app(), ["redact", "--image", str(shot), "--out", str(out), "--mode", mode])
    assert (done.exit_code, done.stderr) == (0, "")
    before, after = cv2.imread(str(shot)), cv2.imread(str(out))
    assert before is not None
    assert after is not None
    ink = (before < 200).any(axis=2)
    same = ink & (before == after).all(axis=2)
    assert not same[100:].any(), "the address shows"
    assert (same[:100].sum() > 0.9 * ink[:100].sum()) == (mode == "reveal")
    rects = [tuple(each["rect"]) for each in json.loads(done.stdout)["rectangles"]]
    assert all((after[y:b, x:r] == MASK_COLOUR).all() for x, y, r, b in rects)


@pytest.mark.parametrize("mode", [None, lambda _: None])
@pytest.mark.parametrize("kind", ["RGB", "P", "LA"])
def test_nothing_of_the_original_is_in_the_bytes(kind: str, mode: redacting.Told | None, tmp_path: Path) -> None:
    """Not in a comment, profile, thumbnail, palette or alpha channel: what is written is made of masked pixels only."""
    secret = Image.new("RGB", (300, 80), "white")
    ImageDraw.Draw(secret).text((20, 30), "ann.lee@example.org", fill="black")
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "ann.lee@example.org")
    exif = Image.Exif()
    exif[0x010E] = "ann.lee@example.org"
    secret.convert(kind).save(tmp_path / "a.png", pnginfo=told, exif=exif)
    picture(tmp_path / "a.png", tmp_path / "b.png", mode)
    data = (tmp_path / "b.png").read_bytes()
    chunks, at = set(), 8
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        chunks.add(name)
        at += size + 12
    assert chunks == {b"IHDR", b"IDAT", b"IEND"}
    with Image.open(tmp_path / "b.png") as after:
        assert after.mode == "RGB"
        assert not after.info
        assert {colour for _, colour in after.getcolors() or ()} == {(255, 255, 255), MASK_COLOUR}


def test_where_text_cannot_be_read_all_of_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.sources.reader.find_spec", lambda _: None)
    told = list[str]()
    shot = _shot(tmp_path / "a.png")
    assert picture(shot, tmp_path / "b.png", told.append) == picture(shot, tmp_path / "c.png")
    assert ["overt[reveal]" in sentence for sentence in told] == [True]


def test_another_mode_is_refused(tmp_path: Path) -> None:
    asked = ["redact", "--image", str(tmp_path / "a.png"), "--out", str(tmp_path / "b.png"), "--mode", "none"]
    assert isinstance(CliRunner().invoke(_app(), asked).exception, redact_cli.AskedWronglyError)


@pytest.mark.parametrize("asked", [["--image", "a.png"], ["--out", "b.png"], ["--jsonl", "--type"]])
def test_options_that_do_not_go_together_are_refused(asked: list[str]) -> None:
    assert isinstance(CliRunner().invoke(_app(), ["redact", *asked]).exception, redact_cli.AskedWronglyError)


def test_typing_shows_the_masked_line_only() -> None:
    typed = Typed(MASKER)
    shown = [typed.key(char) for char in "ann@x.exampleZ\x7f\x1b"]
    assert shown[-1] == f"\r\x1b[K{OPEN}EMAIL#1{CLOSE}"
    assert typed.key("\r") == "\r\n"
    assert typed.key("b") == "\r\x1b[Kb"


def test_typing_needs_a_terminal() -> None:
    assert isinstance(CliRunner().invoke(_app(), ["redact", "--type"]).exception, NoTerminalError)
