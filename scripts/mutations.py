"""The changes that `scripts/mutants.py` makes: each condition negated, dropped, reordered, each constant another.

A mutant is one change of one node of a module's syntax tree.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SHOWN = 90
"""Characters of code in a mutant's name."""
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
