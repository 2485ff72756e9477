"""Breaks the gate in every small way, one at a time, and checks that a test notices each.

A mutant is one module with one change in its syntax tree: a condition dropped or negated, ``and`` for ``or``, a
comparison moved by one, a constant or an enum's member replaced, an element left out of a set or table, a statement
left out, two branches in the other order, an early return. Each runs in a process of its own, forked from one that has
loaded everything but the module, against the tests of that module; the source on disk is never touched.

A mutant that no test can tell from the original, because it means the same, is listed in ``equivalent_mutants.toml``
with the reason. The score counts the others. Exit code 1 below 100 %, and if the list names a mutant that dies or that
there is none of.
"""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import signal
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

from scripts.mutations import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
TIMEOUT_S = 120
"""Seconds for one mutant: the tests take a few; one that loops for ever is noticed by that."""
HASH_SEED = "2"
"""Orders sets the same way in every run, and not as sorting would: whether a mutant dies is no matter of luck."""
POLL_S = 0.01
"""Seconds between looks at the children."""
_CORE = "tests/agent/core/test_core_"
TARGETS: dict[str, tuple[str, ...]] = {
    "agent.core.gate": (f"{_CORE}gate.py",),
    "agent.core.scope": (f"{_CORE}exhaustive.py", f"{_CORE}gate.py", f"{_CORE}scope.py"),
    "agent.core.lifecycle": (f"{_CORE}exhaustive.py", f"{_CORE}lifecycle.py"),
    "agent.core.happenings": (f"{_CORE}exhaustive.py",),
}
"""Modules, and the tests that must notice, quickest first."""
LEFT_OUT = "not all_vectors"
"""The longest test of all is not needed for any of them."""
HEAVY = (
    "hypothesis.extra.pytestplugin",
    "schemas.payload",
    "schemas.policy",
    "schemas.study",
    "tests.support.fake_clock",
)
"""What those import that takes long to load."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make all mutants, run them, print the score; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TARGETS), help="modules to break; by default all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    chosen = parser.parse_args(arguments)
    mutants = [mutant for module in chosen.modules for mutant in mutants_of(module, _source(module))]
    if chosen.list:
        print("\n".join(f"{m.module}:{m.line}: {m.name}" for m in mutants))
        return 0
    begin = time.monotonic()
    _preload()
    originals = [Mutant(m, f"{m}: unchanged", 0, _source(m)) for m in chosen.modules]
    if len(survivors_of(originals, chosen.jobs)) != len(originals):
        print("the tests fail without any mutant: nothing can be told")
        return 1
    alive = survivors_of(mutants, chosen.jobs)
    return report(mutants, alive, _equivalent(chosen.modules), time.monotonic() - begin)


def report(mutants: Sequence[Mutant], alive: Sequence[Mutant], equivalent: dict[str, str], took_s: float) -> int:
    """Print what came of it; gives the exit code."""
    survivors = [m for m in alive if m.name not in equivalent]
    stale = equivalent.keys() - {m.name for m in alive}
    for module, made in Counter(m.module for m in mutants).items():
        same = sum(m.module == module and m.name in equivalent for m in alive)
        dead = made - sum(m.module == module for m in alive)
        print(f"{module:24} {dead:4} of {made - same:4} died, {same} mean the same")
    for mutant in survivors:
        print(f"survived: {mutant.module}:{mutant.line}: {mutant.name}")
    for name in sorted(stale):
        print(f"listed as meaning the same, but it dies or is not there: {name}")
    real = len(mutants) - (len(alive) - len(survivors))
    score = 100 * (real - len(survivors)) / real
    print(f"score: {score:.1f} % of {real} mutants, in {took_s:.0f} s")
    return 1 if survivors or stale else 0


# --- making them ---


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out one mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, _path: object, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(_file(name)))

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self._mutant.tree, str(_file(self._mutant.module)), "exec")
        exec(code, module.__dict__)  # noqa: S102  # our own source, broken on purpose


def survivors_of(mutants: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Those that no test notices. No threads: what is forked from must not be in the middle of anything."""
    waiting = list(mutants)[::-1]
    running: dict[int, tuple[Mutant, float]] = {}
    alive = []
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            child = os.fork()
            if child == 0:
                _be(mutant)
            running[child] = mutant, time.monotonic() + TIMEOUT_S
        for child, (mutant, deadline) in list(running.items()):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                del running[child]
                if os.waitstatus_to_exitcode(status) == 0:
                    alive.append(mutant)
        time.sleep(POLL_S)
    return alive


def _be(mutant: Mutant) -> None:
    """In a child: run the tests against the mutant, and end with 0 if they pass."""
    code = 1
    try:
        sys.meta_path.insert(0, _Finder(mutant))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = _run_tests(TARGETS[mutant.module])
    finally:
        os._exit(code)


def _run_tests(paths: Sequence[str]) -> int:
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--assert=plain",
        "--no-header",
        "--tb=no",
        "-k",
        LEFT_OUT,
    ]
    return int(pytest.main([*options, *(str(ROOT / path) for path in paths)]))


def _preload() -> None:
    """Load what takes long, and none of the modules that are broken; tests that are drawn are the same each time."""
    for name in HEAVY:
        importlib.import_module(name)
    profile = settings(
        max_examples=50,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    settings.register_profile("mutants", profile)
    settings.load_profile("mutants")
    loaded = [name for name in TARGETS if name in sys.modules]
    if loaded:
        raise RuntimeError(f"loaded too early to be replaced: {loaded}")


def _file(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _source(module: str) -> str:
    return _file(module).read_text(encoding="utf-8")


def _equivalent(modules: Sequence[str]) -> dict[str, str]:
    """Names of the mutants that mean the same, with the reason."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return {name: why for name, why in listed.items() if name.partition(":")[0] in modules}


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
        again = [sys.executable, "-m", "scripts.mutants", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | {"PYTHONHASHSEED": HASH_SEED})  # noqa: S606  # ourselves
    raise SystemExit(main())
