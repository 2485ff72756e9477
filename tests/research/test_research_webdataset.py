"""WebDataset shards: whole pictures beside steps, the same bytes each time, and never two people in one tar."""

import io
import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from research import desk, painting
from research.painting import Painter
from research.shard import Wanted
from research.webdataset import Shards
from schemas.events import FrameEvent
from tests.research.bench import Bench, filmed

TARS = Wanted(webdataset=True)


@pytest.fixture
def shown(bench: Bench) -> Bench:
    """Two people whose typing is followed by pictures, most of them patches."""
    for _ in range(2):
        device = bench.person()
        frames, section = filmed(device, 4)
        device.envelope([*frames, *device.make.typing("one"), device.make.pointer("down"), device.make.pointer("up")],
                        frames=section)  # fmt: skip
    return bench


def _samples(path: Path) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(path) as tar:
        for entry in tar:
            assert (entry.mtime, entry.uid, entry.uname) == (0, 0, "")
            key, _, kind = entry.name.partition(".")
            file = tar.extractfile(entry)
            assert file
            found.setdefault(key, {})[kind] = file.read()
    return found


def test_a_sample_is_a_step_with_whole_pictures(shown: Bench, tmp_path: Path) -> None:
    folder, home = shown.save(tmp_path / "data"), shown.home(tmp_path / "home")
    done, _ = desk.export(folder, tmp_path / "out", None, home, TARS)
    dry, _ = desk.export(folder, tmp_path / "no", None, home, Wanted(webdataset=True, dry=True))
    assert (dry.bytes, (tmp_path / "no").exists()) == (done.bytes, False)
    people = [d.participant for d in shown.world.devices]
    for person in people:
        samples = _samples(tmp_path / "out" / person / "steps-000000.tar")
        rows = pq.read_table(tmp_path / "out" / person / "steps.parquet").to_pylist()
        assert list(samples) == [row["sample_uid"] for row in rows]
        for row in rows:
            parts = samples[row["sample_uid"]]
            assert json.loads(parts["json"]) == row
            if row["frame_before"] is not None:
                with Image.open(io.BytesIO(parts["before.webp"])) as opened:
                    assert opened.size == (800, 600)
    assert any("before.webp" in parts for parts in samples.values())
    told = json.loads((tmp_path / "out" / "webdataset.json").read_text())
    urls = [row["url"] for rows in told["splits"].values() for row in rows]
    assert sorted(urls) == sorted(f"{person}/steps-000000.tar" for person in people)
    desk.export(folder, tmp_path / "again", None, home, TARS)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_bytes() == path.read_bytes()


def _painter(bench: Bench, count: int) -> tuple[Painter, list[FrameEvent], bytes]:
    frames, section = filmed(bench.person(), count)
    painter = Painter()
    kept = [frame for frame in frames if isinstance(frame, FrameEvent)]
    for frame in kept:
        image = section[frame.offset : frame.offset + frame.size]
        painter.add(frame.frame, frame.base, frame.rect, frame.patch, image)
    return painter, kept, section


def test_patches_are_painted_over_what_they_name(bench: Bench) -> None:
    painter, frames, section = _painter(bench, 4)
    first, *_, last = frames
    assert painter.whole(first.frame) == section[: first.size]  # as it came: it is whole
    made = painter.whole(last.frame)
    assert made
    with Image.open(io.BytesIO(made)) as whole, Image.open(io.BytesIO(section[: first.size])) as base:
        assert whole.size == base.size
        for frame in frames[1:]:  # each is half covered by the next
            with Image.open(io.BytesIO(section[frame.offset : frame.offset + frame.size])) as patch:
                left, top, right, bottom = frame.patch
                seen = (left, top, right if frame is last else left + 60, bottom)
                shown = patch.convert("RGB").crop((0, 0, seen[2] - left, bottom - top))
                assert whole.convert("RGB").crop(seen).tobytes() == shown.tobytes()
        assert whole.convert("RGB").getpixel((799, 599)) == base.convert("RGB").getpixel((799, 599))


def test_a_picture_whose_base_was_let_go_is_lost_and_not_half_painted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "KEPT_BYTES", 1)
    painter, frames, _ = _painter(bench, 3)
    assert painter.whole(frames[-1].frame) is None
    assert painter.whole(99) is None


def test_a_full_shard_is_followed_by_another(shown: Bench, tmp_path: Path) -> None:
    folder, home = shown.save(tmp_path / "data"), shown.home(tmp_path / "home")
    desk.export(folder, tmp_path / "out", None, home)
    steps = pq.read_table(tmp_path / "out" / shown.world.devices[0].participant / "steps.parquet")
    made: dict[str, io.BytesIO] = {}

    def create(name: str) -> io.BytesIO:
        made[name] = io.BytesIO()
        made[name].close = lambda: None  # type: ignore[method-assign]  # so that it can be read
        return made[name]

    shards = Shards(create, limit=1)
    shards.add(steps)
    shards.close()
    assert list(shards.samples) == [f"steps-{n:06d}.tar" for n in range(steps.num_rows)] == list(made)
    assert shards.lost > 0  # no picture was shown to it
