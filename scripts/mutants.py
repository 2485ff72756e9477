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
import ast
import contextlib
import copy
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
TIMEOUT_S = 120
"""Seconds for one mutant: the tests take a few; one that loops for ever is noticed by that."""
POLL_S = 0.01
"""Seconds between looks at the children."""
MAX_SHOWN = 90
"""Characters of code in a mutant's name."""
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


Way = tuple[tuple[str, int | None], ...]
"""The way to a node: fields, and places in lists."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    name: str  # the same as long as the code that is changed stays the same
    line: int
    source: str
    path: Way = ()
    new: ast.AST | None = None  # what stands there instead; ``None``: the original

    @property
    def tree(self) -> ast.Module:
        """The module's syntax tree with the change made."""
        tree = ast.parse(self.source)
        if self.new is not None:
            _put(tree, self.path, copy.deepcopy(self.new))
        return ast.fix_missing_locations(tree)


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


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Every mutant of a module's source, each with its own name."""
    seen: Counter[str] = Counter()
    made = []
    tree = ast.parse(source)
    siblings = _siblings(tree)
    for node, path in _worth_changing(tree):
        where, shown = _where(tree, path), _shown(node)
        for label, new in _variants(node, siblings):
            if ast.dump(new) == ast.dump(node):
                continue
            change = f"{module}: {where}: {shown} -> {label}"
            seen[change] += 1
            again = f" (#{seen[change]})" if seen[change] > 1 else ""
            made.append(Mutant(module, f"{change}{again}", getattr(node, "lineno", 0), source, path, new))
    return made


def _worth_changing(tree: ast.Module) -> Iterator[tuple[ast.AST, Way]]:
    """Nodes with the way to them. Not those that say nothing at run time: annotations, docstrings, imports."""
    todo: list[tuple[ast.AST, Way]] = [(tree, ())]
    while todo:
        node, path = todo.pop(0)
        if path:
            yield node, path
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "bases", "ctx"}:
                continue
            children = value if isinstance(value, list) else [value]
            for place, child in enumerate(children):
                if isinstance(child, ast.AST) and not _silent(node, name, child):
                    todo.append((child, (*path, (name, place if isinstance(value, list) else None))))


def _silent(parent: ast.AST, field: str, child: ast.AST) -> bool:
    if isinstance(child, ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True  # a docstring
    if isinstance(parent, ast.Assign) and (_is_alias(parent) or _is_name(child)):
        return True
    if isinstance(parent, ast.Dict) and field == "keys" and isinstance(child, ast.Tuple):
        return True  # the row is left out as a whole, and what it says is changed
    return field == "targets" or (isinstance(parent, ast.AnnAssign) and field == "target")


def _is_alias(node: ast.Assign) -> bool:
    """``Value = R | bool | None``: a type's other name, which no program reads."""
    return isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr) and node.col_offset == 0


def _is_name(value: ast.AST) -> bool:
    """An enum member's own text: a name, not a decision."""
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _put(tree: ast.Module, path: Way, new: ast.AST) -> None:
    at: ast.AST = tree
    for name, place in path[:-1]:
        value = getattr(at, name)
        at = value if place is None else value[place]
    name, place = path[-1]
    if place is None:
        setattr(at, name, new)
    else:
        getattr(at, name)[place] = new


def _where(tree: ast.Module, path: Way) -> str:
    """The name of the function, class or table that a node stands in."""
    at: ast.AST = tree
    names: list[str] = []
    for name, place in path:
        value = getattr(at, name)
        at = value if place is None else value[place]
        match at:
            case ast.FunctionDef() | ast.ClassDef():
                names.append(at.name)
            case ast.AnnAssign(target=ast.Name(id=target)) | ast.Assign(targets=[ast.Name(id=target)]) if not names:
                names.append(target)
            case _:
                pass
    return ".".join(names) or "module"


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= MAX_SHOWN else f"{text[:60]}…{text[-25:]}"


def _siblings(tree: ast.Module) -> dict[str, list[str]]:
    """The members of each enum that a module speaks of, by the name that it has there."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr.isupper():
            found.setdefault(node.value.id, set()).add(node.attr)
    return {name: sorted(members) for name, members in found.items()}


Variants = Iterator[tuple[str, ast.AST]]


def _variants(node: ast.AST, siblings: dict[str, list[str]]) -> Variants:
    """All small ways to break one node."""
    yield from _of_logic(node)
    yield from _of_values(node, siblings)
    yield from _of_collections(node)
    yield from _of_statements(node)


_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt, ast.GtE),
    ast.Gt: (ast.GtE, ast.LtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt, ast.LtE),
}


def _of_logic(node: ast.AST) -> Variants:  # noqa: C901  # a table in all but name
    match node:
        case ast.Compare(left, [op], [right]):
            for other in _COMPARE[type(op)]:
                yield _pair(ast.Compare(left, [other()], [right]))
            yield from (_pair(ast.Constant(value)) for value in (True, False))
        case ast.BoolOp(op, values):
            yield _pair(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
            yield from (_pair(value) for value in values)  # all others dropped
            for place in range(len(values)):
                rest = [value for at, value in enumerate(values) if at != place]
                if len(rest) > 1:
                    yield _pair(ast.BoolOp(op, rest))
        case ast.UnaryOp(ast.Not(), operand):
            yield _pair(operand)
        case ast.IfExp(test, body, orelse):
            yield _pair(body)
            yield _pair(orelse)
            yield _pair(ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse))
        case ast.Lambda(args, _):
            yield from (_pair(ast.Lambda(args, ast.Constant(value))) for value in (True, False))
        case ast.comprehension(target, iter_, ifs) if ifs:
            for condition in ifs:
                negated: ast.expr = ast.UnaryOp(ast.Not(), condition)
                others = [c for c in ifs if c is not condition]
                yield "condition dropped", ast.comprehension(target, iter_, others, 0)
                yield "condition negated", ast.comprehension(target, iter_, [*others, negated], 0)
        case _:
            pass


_SWAPPED_CALLS = {"max": "min", "min": "max", "all": "any", "any": "all"}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


def _of_values(node: ast.AST, siblings: dict[str, list[str]]) -> Variants:  # noqa: C901, PLR0912  # as above
    match node:
        case ast.Constant(bool(value)):
            yield _pair(ast.Constant(not value))
        case ast.Constant(None):
            yield _pair(ast.Constant(value=True))
        case ast.Constant(int(value)):
            yield from (_pair(ast.Constant(value + by)) for by in (1, -1))
        case ast.Constant(str(text)) if " " not in text:  # sentences are for people, and read in the documents
            yield _pair(ast.Constant("mutant"))
        case ast.Attribute(ast.Name(owner), attr, ctx) if attr in siblings.get(owner, []):
            members = siblings[owner]
            other = members[(members.index(attr) + 1) % len(members)]
            yield _pair(ast.Attribute(ast.Name(owner, ast.Load()), other, ctx))
        case ast.BinOp(left, op, right):
            if type(op) in _BINARY:
                yield _pair(ast.BinOp(left, _BINARY[type(op)](), right))
            yield _pair(left)
        case ast.Call(ast.Name(name), [first, *_]) if name in {*_SWAPPED_CALLS, "sorted", "frozenset", "tuple"}:
            if name in _SWAPPED_CALLS:
                yield _pair(ast.Call(ast.Name(_SWAPPED_CALLS[name], ast.Load()), node.args, node.keywords))
            else:
                yield _pair(first)
        case ast.Call(function, args, keywords):
            for place in range(len(args) - 1 if not any(isinstance(a, ast.Constant | ast.Lambda) for a in args) else 0):
                swapped = [*args[:place], args[place + 1], args[place], *args[place + 2 :]]
                yield _pair(ast.Call(function, swapped, keywords))
            for keyword in keywords:
                yield _pair(ast.Call(function, args, [k for k in keywords if k is not keyword]))
        case _:
            pass


def _of_collections(node: ast.AST) -> Variants:
    match node:
        case ast.Set(elts) | ast.List(elts) | ast.Tuple(elts, ast.Load()):
            for place, element in enumerate(elts):
                rest = [e for at, e in enumerate(elts) if at != place]
                new = ast.Tuple(rest, ast.Load()) if isinstance(node, ast.Tuple) else ast.List(rest, ast.Load())
                yield f"without {_shown(element)}", new if rest or not isinstance(node, ast.Set) else _empty_set()
        case ast.Dict(keys, values):
            for place, key in enumerate(keys):
                rest_keys = [k for at, k in enumerate(keys) if at != place]
                rest_values = [v for at, v in enumerate(values) if at != place]
                yield f"without {_shown(key) if key else 'the rest'}", ast.Dict(rest_keys, rest_values)
        case _:
            pass


def _empty_set() -> ast.expr:
    return ast.Call(ast.Name("set", ast.Load()), [], [])


def _of_statements(node: ast.AST) -> Variants:
    match node:
        case ast.FunctionDef(body=body):
            start = 1 if ast.get_docstring(node) else 0
            for value in (None, True, False):
                early = copy.deepcopy(node)
                early.body.insert(start, ast.Return(ast.Constant(value)))
                yield f"returns {value} at once", early
            for place in range(start, len(body) - 1):
                if isinstance(body[place], ast.If) and isinstance(body[place + 1], ast.If):
                    swapped = copy.deepcopy(node)
                    swapped.body[place], swapped.body[place + 1] = swapped.body[place + 1], swapped.body[place]
                    yield f"branches {place - start} and {place - start + 1} in the other order", swapped
        case ast.If(test, body, orelse):
            yield "condition dropped", ast.If(ast.Constant(value=True), body, orelse)
            yield "branch dropped", ast.If(ast.Constant(value=False), body, orelse)
            yield "condition negated", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr() | ast.Raise():
            yield "left out", ast.Pass()
        case ast.Return(value) if value is not None:
            yield "return None", ast.Return(ast.Constant(None))
        case _:
            pass


def _pair(new: ast.AST) -> tuple[str, ast.AST]:
    return _shown(ast.fix_missing_locations(copy.deepcopy(new))), new


# --- running them ---


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
    raise SystemExit(main())
