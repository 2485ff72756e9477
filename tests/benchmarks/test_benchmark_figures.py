"""The benchmarks' own arithmetic: what they read off processes, and what they add up of batches."""

import os
import subprocess
import sys

from benchmarks.report import Measured, percentile
from benchmarks.tally import tally
from benchmarks.usage import peak_rss_mb, watch
from schemas.events import LossAccount
from schemas.payload import Payload
from tests.support.device_events import EventMaker
from tests.support.waiting import until

SPIN = "import time\nwhile time.process_time() < {spent}: pass\nprint('spent', flush=True)\ntime.sleep(60)"


def test_cpu_of_a_process_and_of_its_child_is_counted() -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN.format(spent=0.3)!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], start_new_session=True) as process:
        found = watch({"both": [process.pid], "nobody": []}, seconds=3)
        os.killpg(process.pid, 9)
    assert 0.2 < found["both"].cpu_s < 3
    assert found["both"].rss_mb > 2
    assert found["nobody"].cpu_s == 0


def test_what_was_spent_before_does_not_count() -> None:
    with subprocess.Popen([sys.executable, "-c", SPIN.format(spent=0.5)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = watch({"it": [process.pid]}, seconds=0.5)["it"]
        peak = peak_rss_mb(process.pid)
        process.kill()
    assert found.cpu_s < 0.2
    assert found.cpu_percent == 100 * found.cpu_s / found.seconds
    assert peak >= found.rss_mb * 0.9


def test_a_process_that_ends_meanwhile_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        until(lambda: os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), what="its end")
        assert watch({"it": [process.pid]}, seconds=0)["it"].rss_mb == 0


def test_accounts_of_batches_are_added_up() -> None:
    account = LossAccount(
        seen={"keyboard": 3, "pointer": 1}, kept={"keyboard": 1, "pointer": 1}, dropped={"keyboard": {"redacted": 2}}
    )
    make = EventMaker(0, lambda: "0" * 64)
    content = Payload(
        events=[make.key("a"), make.key("a", down=False), make.pointer("down")],
        frames=b"",
        account=account,
        episode="e",
    )
    found = tally([content, content])
    assert (found.keys, found.presses, found.unaccounted) == (6, 2, 0)
    assert found.actions == {"down": 2}
    assert found.reasons == "keyboard redacted 4"
    short = LossAccount(seen={"keyboard": 3}, kept={"keyboard": 1}, dropped={})
    assert tally([Payload(events=[], frames=b"", account=short, episode="e")]).unaccounted == 2


def test_a_figure_that_is_missing_is_not_met() -> None:
    assert not Measured("x", None, "ms", None).met
    assert Measured("x", 1.0, "ms", 1.0).met
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.99) == 3
