"""Exports: stock pyarrow reads them, equal input gives equal bytes, only what verifies is in."""

import hashlib
import io
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from research import desk, export, files, table
from research.columnar import read
from research.errors import ExportError
from research.identity import split_of
from research.reasons import Reason
from research.shard import Shard, Wanted
from research.sheet import MAX_CELLS, Sheet
from research.work import How, Work
from schemas.events import EVENT_TYPES, Element, FrameEvent, LossAccount, Span, to_builtins
from schemas.payload import Payload, pack
from tests.research.bench import NOW_NS, Bench, filmed, picture
from tests.support.device_events import account_of

FILES = ("events", "text", "frames", "steps", "episodes")


@pytest.fixture
def home(busy: Bench, tmp_path: Path) -> Path:
    return busy.home(tmp_path / "home")


def _contents(root: Path) -> dict[str, str]:
    files = [p for p in root.rglob("*") if p.is_file()]
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_an_export_is_read_by_stock_pyarrow(busy: Bench, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done, report = desk.export(busy.save(tmp_path / "data"), out, None, home)
    assert report.good
    assert (done.participants, done.batches, done.frames, done.text) == (2, 6, 7, 2)
    for device in busy.world.devices:
        folder = out / device.participant
        events = pq.read_table(folder / "events.parquet")
        assert set(events["participant"].to_pylist()) == {device.participant}
        assert events["seq"].to_pylist() == list(range(events.num_rows))
        assert set(events["kind"].to_pylist()) == {"keyboard", "text", "pointer", "scroll", "focus", "frame", "gap"}
        assert pq.read_table(folder / "text.parquet")["text"].to_pylist() == ["dear team"]
        frames = pq.read_table(folder / "frames.parquet").to_pylist()
        for row in frames:
            assert hashlib.sha256(row["image"]).hexdigest() == row["sha256"]
            left, top, right, bottom = row["patch"]
            assert Image.open(io.BytesIO(row["image"])).size == (right - left, bottom - top)
        assert [row["base"] for row in frames] == [None, *range(len(frames) - 1)]
        (episode,) = pq.read_table(folder / "episodes.parquet").to_pylist()
        assert (episode["batches"], episode["events"], episode["frames"]) == (3, events.num_rows, len(frames))
        assert episode["apps"] == ["editor", "mail"]
        assert (episode["begin_ns"], episode["end_ns"]) == (
            min(events["wall_ns"].to_pylist()),
            max(events["wall_ns"].to_pylist()),
        )


def test_no_participant_is_named_in_another_ones_folder(busy: Bench, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    desk.export(busy.save(tmp_path / "data"), out, None, home)
    people = {d.participant: d.fingerprint for d in busy.world.devices}
    for person in people:
        for other in people.keys() - {person}:
            for path in (out / person).iterdir():
                data = path.read_bytes()
                assert other.encode() not in data
                assert people[other].encode() not in data


def test_two_exports_have_the_same_bytes(busy: Bench, home: Path, tmp_path: Path) -> None:
    folder = busy.save(tmp_path / "data")
    desk.export(folder, tmp_path / "one", None, home)
    desk.export(folder, tmp_path / "two", None, home)
    first = _contents(tmp_path / "one")
    assert first == _contents(tmp_path / "two")
    assert len(first) == 3 + 2 * (len(FILES) + 1)  # data card, account, croissant.json


def test_the_account_adds_up_what_the_batches_say(bench: Bench, tmp_path: Path) -> None:
    device = bench.person()
    for kept in (2, 3):
        account = LossAccount(
            seen={"keyboard": kept + 4}, kept={"keyboard": kept}, dropped={"keyboard": {"password": 3, "overflow": 1}}
        )
        device.envelope([device.make.key("a")], account=account)
    out = tmp_path / "out"
    desk.export(bench.save(tmp_path / "data"), out, None, bench.home(tmp_path / "home"))
    told = json.loads((out / "account.json").read_text())["account"]["keyboard"]
    assert told["dropped"] == {"password": 6, "overflow": 2}
    assert told["seen"] == told["kept"] + 8 == 13
    (episode,) = pq.read_table(out / device.participant / "episodes.parquet").to_pylist()
    assert episode["account"][0]["seen"] == 13


def test_what_does_not_verify_is_left_out_and_told(busy: Bench, home: Path, tmp_path: Path) -> None:
    device = busy.world.devices[0]
    device.envelope([device.make.text("too early", at=NOW_NS - 10 * 3600 * 10**9)])
    out = tmp_path / "out"
    done, report = desk.export(busy.save(tmp_path / "data"), out, None, home)
    assert done.left_out == {Reason.EVENT_OUTSIDE_CONSENT: 1}
    assert not report.good
    assert done.batches == 6
    assert pq.read_table(out / device.participant / "text.parquet")["text"].to_pylist() == ["dear team"]


def test_numbers_that_no_table_holds_leave_one_batch_out(busy: Bench, home: Path, tmp_path: Path) -> None:
    device = busy.world.devices[0]
    span = Span(start=0, end=2**64 - 1, cls="EMAIL", detector="email", version=1, ordinal=1, length_bucket=16)
    device.envelope([device.make.text("x", spans=[span])])
    done, report = desk.export(busy.save(tmp_path / "data"), tmp_path / "out", None, home)
    assert done.left_out == {Reason.PAYLOAD_BROKEN: 1}
    assert (done.batches, report.good) == (6, False)


def test_an_export_is_private_and_never_replaces_another(busy: Bench, home: Path, tmp_path: Path) -> None:
    folder, out = busy.save(tmp_path / "data"), tmp_path / "out"
    desk.export(folder, out, None, home)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    before = _contents(out)
    with pytest.raises(ExportError, match="exists already"):
        desk.export(folder, out, None, home)
    assert _contents(out) == before


def test_an_interrupted_export_goes_on_and_comes_to_the_same_bytes(
    busy: Bench, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = busy.save(tmp_path / "data"), tmp_path / "out"
    desk.export(folder, tmp_path / "whole", None, home)
    taken: list[int] = []
    whole_take = Shard.take

    def full(shard: Shard, *given: Any) -> Any:
        taken.append(1)
        if len(taken) == 2:
            raise OSError(28, "No space left on device")
        return whole_take(shard, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "take", full)
        with pytest.raises(ExportError, match="No space left"):
            desk.export(folder, out, None, home)
    assert not out.exists()
    done, report = desk.export(folder, out, None, home)
    assert (done.resumed, done.participants, done.batches, report.good) == (1, 2, 6, True)
    assert _contents(out) == _contents(tmp_path / "whole")
    assert not export.partial_of(out).exists()


def test_a_part_is_made_anew_when_what_it_was_made_from_changed(busy: Bench, home: Path, tmp_path: Path) -> None:
    out, wanted = tmp_path / "out", Wanted()
    partial = export.begin(out)
    work = Work(busy.save(tmp_path / "data"), None, home, wanted)
    (task, other) = export.tasks(work.plan, work.trust, work.basis(), wanted)
    work.run([task, other], partial)
    assert export.finished(task, partial)
    device = next(d for d in busy.world.devices if d.participant == task.participant)
    busy.erase(device, device.envelopes[0])
    done, report = desk.export(busy.save(tmp_path / "data"), out, None, home)
    assert done.resumed == 0
    assert done.left_out == {Reason.ERASED: 1}
    assert not report.good


def test_a_dry_run_tells_the_sizes_and_writes_nothing(busy: Bench, home: Path, tmp_path: Path) -> None:
    folder = busy.save(tmp_path / "data")
    before = set(tmp_path.iterdir())
    dry, report = desk.export(folder, tmp_path / "out", None, home, Wanted(dry=True))
    assert set(tmp_path.iterdir()) == before
    done, _ = desk.export(folder, tmp_path / "out", None, home)
    assert msgspec.to_builtins(dry) == msgspec.to_builtins(done)
    assert done.bytes == sum(p.stat().st_size for p in (tmp_path / "out").rglob("*.parquet"))
    assert report.good


def test_two_processes_write_what_one_does(busy: Bench, home: Path, tmp_path: Path) -> None:
    folder = busy.save(tmp_path / "data")
    desk.export(folder, tmp_path / "one", None, home)
    done, report = desk.export(folder, tmp_path / "two", None, home, how=How(jobs=2))
    assert (done.participants, report.good) == (2, True)
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_a_participant_is_in_one_split_whoever_else_takes_part() -> None:
    people = [f"p-{n}" for n in range(2_000)]
    drawn = [split_of("study", p) for p in people]
    assert drawn == [split_of("study", p) for p in people]
    assert 1_500 < drawn.count("train") < 1_700
    assert {split_of("other", p) for p in people} == {"train", "validation", "test"}


def test_uids_follow_content_and_not_the_place(busy: Bench, home: Path, tmp_path: Path) -> None:
    desk.export(busy.save(tmp_path / "data"), tmp_path / "one", None, home)
    busy.world.devices.reverse()
    desk.export(busy.save(tmp_path / "again"), tmp_path / "two", None, home)
    for name in ("frames", "steps", "episodes"):
        found = [
            {u for d in busy.world.devices for u in _column(tmp_path / out / d.participant, name)}
            for out in ("one", "two")
        ]
        assert found[0] == found[1]
        assert len(found[0]) >= 2


def _column(folder: Path, name: str) -> list[str]:
    found: list[str] = pq.read_table(folder / f"{name}.parquet")["sample_uid"].to_pylist()
    return found


# Tables -------------------------------------------------------------------------------------------------------------


def test_every_field_of_every_event_has_a_column() -> None:
    for kind in EVENT_TYPES:
        assert set(kind.__struct_fields__) - table.OMITTED <= table.EVENTS.keys()


@given(
    st.lists(
        st.sampled_from(["key", "hidden", "text", "pointer", "scroll", "focus", "frame", "clipboard", "gap"]),
        max_size=20,
    )
)
def test_events_come_back_from_the_table_as_they_were(kinds: list[str]) -> None:
    make = Bench.make().person().make
    span = Span(start=0, end=9, cls="EMAIL", detector="email", version=1, ordinal=1, length_bucket=16)
    button = Element(role="push button", name="To ⟨EMAIL#1⟩", spans=[span], rect=(1, 2, 3, 4))
    makers: dict[str, Any] = {
        "key": lambda: make.key("ä"),
        "hidden": lambda: make.key(None),
        "text": lambda: make.text("⟨EMAIL#1⟩ hi", spans=[span]),
        "pointer": lambda: msgspec.structs.replace(make.pointer("down", 3, 4), element=button),
        "scroll": lambda: make.scroll(-1.5),
        "focus": lambda: make.focus(title="Ünïcode"),
        "frame": lambda: make.frame(b"x"),
        "clipboard": lambda: make.clipboard("cut"),
        "gap": make.gap,
    }
    events: list[Any] = [makers[k]() for k in kinds]
    origin = {"participant": "p", "device": "d", "batch": "b", "batch_sequence": 0, "episode": "e"}
    payload = Payload(events, b"x", account_of(events), "e")
    rows = table.events_table(read(pack(payload)), origin).to_pylist()
    for event, row in zip(events, rows, strict=True):
        as_json = json.loads(json.dumps(to_builtins(event)))
        plain = {k: v for k, v in as_json.items() if k not in table.OMITTED}
        told = {k: v for k, v in row.items() if k not in table.ORIGIN and v is not None}
        assert told == {k: v for k, v in plain.items() if v is not None}


def test_rows_are_gathered_into_groups(tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROWS_A_GROUP", 10)
    device = bench.person()
    for _ in range(4):
        device.envelope([device.make.pointer() for _ in range(7)])
    desk.export(bench.save(tmp_path / "data"), tmp_path / "out", None, bench.home(tmp_path / "home"))
    file = pq.ParquetFile(tmp_path / "out" / device.participant / "events.parquet")
    assert file.metadata.num_rows == 28
    assert file.metadata.num_row_groups >= 2


# The contact sheet --------------------------------------------------------------------------------------------------


def test_patches_are_painted_over_their_base(bench: Bench) -> None:
    sheet, device = Sheet(), bench.person()
    frames, section = filmed(device, 3)
    for frame in frames:
        assert isinstance(frame, FrameEvent)
        sheet.add("d", frame, section[frame.offset : frame.offset + frame.size])
    whole = sheet._whole["d", 2]
    assert whole.size == (800, 600)
    assert whole.getpixel((790, 590)) == (240, 240, 240)  # of the key frame
    assert whole.getpixel((115, 175)) == (200, 60, 60)  # of the first patch
    assert whole.getpixel((235, 175)) == (200, 120, 60)  # of the second


def test_a_sheet_is_one_grid_however_many_frames(bench: Bench, tmp_path: Path) -> None:
    sheet, make = Sheet(), bench.person().make
    image = picture((64, 48), (1, 2, 3))
    for _ in range(3 * MAX_CELLS):
        sheet.add("d", make.frame(image, size=(64, 48)), image)
    assert sheet.save(tmp_path / "s.png")
    assert len(sheet._cells) <= MAX_CELLS
    with Image.open(tmp_path / "s.png") as drawn:
        assert drawn.width < 1400


@pytest.mark.parametrize(
    "image", [b"", b"not an image", picture((64, 48), (1, 2, 3))[:40], picture((20, 20), (0, 0, 0))]
)
def test_broken_images_do_not_stop_it(bench: Bench, tmp_path: Path, image: bytes) -> None:
    sheet, make = Sheet(), bench.person().make
    sheet.add("d", make.frame(image, size=(64, 48)), image)
    for hostile in (
        {"rect": (0, 0, 10**6, 10**6), "base": 77},
        {"rect": (0, 0, -5, 7)},
        {"patch": (2**60, 2**60, 2**60 + 64, 2**60 + 48)},
    ):
        sheet.add("d", msgspec.structs.replace(make.frame(image, size=(64, 48)), **hostile), image)
    assert sheet.save(tmp_path / "s.png")


def test_no_frame_no_sheet(tmp_path: Path) -> None:
    assert not Sheet().save(tmp_path / "s.png")
    assert not (tmp_path / "s.png").exists()
