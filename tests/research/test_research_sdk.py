"""Events in Python without a file in between: verified, resumable, shared out by participant."""

import doctest
import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from research import preview, sdk
from research.errors import InputError
from research.reasons import Reason
from research.sdk import Study
from research.sweep import StaleError
from tests.research.bench import NOW_NS, Bench


@pytest.fixture
def study(busy: Bench, tmp_path: Path) -> Study:
    device = busy.world.devices[0]
    device.envelope([device.make.text("too early", at=NOW_NS - 10 * 3600 * 10**9)])
    busy.save(tmp_path / "data")
    return Study.open(tmp_path / "data", busy.home(tmp_path / "home"))


def test_a_stream_gives_what_verifies_and_tells_of_the_rest(study: Study) -> None:
    stream = study.stream()
    batches = list(stream)
    assert all(isinstance(b, pa.RecordBatch) for b in batches)
    assert len(batches) == 6
    assert "too early" not in str([b.to_pydict() for b in batches])
    assert {f.reason for f in stream.findings} == {Reason.EVENT_OUTSIDE_CONSENT}


@pytest.mark.parametrize("cut", range(6))
def test_a_stream_goes_on_where_its_state_says(study: Study, cut: int) -> None:
    whole = [b.to_pydict() for b in study.stream()]
    stream = study.stream()
    given = [b.to_pydict() for b in itertools.islice(stream, cut)]
    state = json.loads(json.dumps(stream.state_dict()))
    again = study.stream()
    again.load_state_dict(state)
    assert given + [b.to_pydict() for b in again] == whole


def test_ranks_share_no_participant_and_miss_none(study: Study) -> None:
    seen = [{p for b in study.stream(rank=r, ranks=2) for p in b["participant"].to_pylist()} for r in range(2)]
    assert seen[0].isdisjoint(seen[1])
    assert len(seen[0] | seen[1]) == 2
    with pytest.raises(InputError):
        study.stream(rank=2, ranks=2)


def test_a_state_of_other_people_is_refused(study: Study) -> None:
    state = study.stream().state_dict() | {"people": ["somebody else"]}
    with pytest.raises(InputError, match="other participants"):
        study.stream().load_state_dict(state)


def test_an_old_folder_is_not_streamed(busy: Bench, tmp_path: Path) -> None:
    folder = busy.save(tmp_path / "data")
    listing = folder.listing()
    assert listing
    (folder.root / "batches.json").write_text(listing.model_copy(update={"fetched": 0}).model_dump_json())
    with pytest.raises(StaleError):
        Study.open(tmp_path / "data", busy.home(tmp_path / "home"))


def test_its_examples_are_true(busy: Bench, tmp_path: Path) -> None:
    busy.save(tmp_path / "data")
    given = {"data": tmp_path / "data", "home": busy.home(tmp_path / "home")}
    done = doctest.testmod(sdk, extraglobs=given)
    assert (done.failed, done.attempted) == (0, 13)


def test_a_seed_gives_another_order_and_the_same_people(study: Study) -> None:
    orders = {tuple(study.stream(seed=seed).state_dict()["people"]) for seed in range(8)}
    assert len(orders) == 2
    assert {frozenset(order) for order in orders} == {frozenset(study.stream().state_dict()["people"])}
    with pytest.raises(InputError, match="no split"):
        study.stream(split="trian")


def test_workers_of_a_torch_loader_share_the_people_out(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    for worker in range(2):
        info = SimpleNamespace(id=worker, num_workers=2)
        stand_in = SimpleNamespace(get_worker_info=lambda info=info: info, IterableDataset=object)
        monkeypatch.setitem(sys.modules, "torch.utils.data", stand_in)  # torch itself is 200 MB
        stream = study.stream().torch()
        first = next(iter(stream))
        again = study.stream().torch()
        again.load_state_dict(stream.state_dict())
        rest = list(again)
        assert len(rest) == 2
        seen.append({name for batch in (first, *rest) for name in batch["participant"].to_pylist()})
    assert seen[0].isdisjoint(seen[1])
    assert len(seen[0] | seen[1]) == 2


def test_a_notebook_shows_counts_and_on_demand_a_preview(study: Study, bench: Bench, tmp_path: Path) -> None:
    shown = study._repr_html_()
    assert "<td>validation</td>" in shown
    assert "dear team" not in shown
    found = study.preview()
    assert len(found.rows) == preview.ROWS
    assert "data:image/webp;base64," in found._repr_html_()
    assert "dear team" not in repr(found)
    device = bench.person()
    device.envelope([device.make.text("<script>alert(1)</script>")])
    bench.save(tmp_path / "other")
    hostile = Study.open(tmp_path / "other", bench.home(tmp_path / "home-2")).preview()._repr_html_()
    assert "&lt;script&gt;" in hostile
    assert "<script" not in hostile
