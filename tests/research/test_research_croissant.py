"""``croissant.json``, read by MLCommons' own reader: it validates, its records load, its digests are true."""

import hashlib
import json
import logging
from pathlib import Path

import mlcroissant
import pytest

from research import desk
from research.shard import Wanted
from tests.research.bench import Bench


@pytest.mark.filterwarnings("ignore")  # of libraries below mlcroissant
def test_mlcroissant_validates_it_and_loads_every_table(
    busy: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, home, out = busy.save(tmp_path / "data"), busy.home(tmp_path / "home"), tmp_path / "out"
    done, _ = desk.export(folder, out, None, home, Wanted(webdataset=True))
    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(out / "croissant.json")
    assert [record.getMessage() for record in caplog.records] == []
    assert dataset.metadata.issues.errors == set()
    counts = {name: len(list(dataset.records(name))) for name in ("steps", "events", "text", "frames", "episodes")}
    assert counts == {name: getattr(done, name) for name in counts}
    frame = next(iter(dataset.records("frames")))
    assert frame["frames/image"].size in {(800, 600), (120, 80)}


def test_it_names_every_file_with_its_digest_and_the_terms_that_were_agreed_to(busy: Bench, tmp_path: Path) -> None:
    folder, home, out = busy.save(tmp_path / "data"), busy.home(tmp_path / "home"), tmp_path / "out"
    desk.export(folder, out, None, home)
    told = json.loads((out / "croissant.json").read_text())
    files = {each["@id"]: each["sha256"] for each in told["distribution"] if each["@type"] == "cr:FileObject"}
    assert files == {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in out.glob("*/*.parquet")
    }
    assert "http://mlcommons.org/croissant/1.1" in told["conformsTo"]
    terms = told["usageInfo"]
    asked = terms["odrl:permission"][0]["odrl:constraint"][0]["odrl:rightOperand"]["@id"]
    never = terms["odrl:prohibition"][0]["odrl:constraint"][0]["odrl:rightOperand"]["@id"]
    given = busy.world.devices[0].records[0].processing
    assert asked == given.purpose
    assert never == given.prohibition
