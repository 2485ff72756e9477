"""The demo is a test: the main job, from a yes to Parquet, with every claim checked."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
FEWEST_CLAIMS = 30


@pytest.mark.journey
@pytest.mark.timeout(600)
def test_every_claim_of_the_demo_holds(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--out", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["held"]
    assert len(report["claims"]) >= FEWEST_CLAIMS
    assert {path.name for path in out.glob("*.png")} >= {"desktop-capturing.png", "ceremony.png", "desktop-off.png"}
    (sheet,) = out.rglob("contact-sheet.png")
    assert sheet.stat().st_size > 0
    (events,) = out.rglob("events.parquet")
    assert {"keyboard", "pointer", "focus", "frame"} <= set(pq.read_table(events).column("kind").to_pylist())
