"""Merkle trees of append-only logs: RFC 6962 §2.1 hashing, RFC 9162 §2.1 proofs, and C2SP tlog-tiles. Pure.

A tree is known by its size and root. Whoever holds a log gives nodes out; whoever checks a log believes only what
leads to a root that somebody signed. The same code makes proofs from tiles, on whichever side.
"""

import hashlib
from collections.abc import Callable, Sequence

from schemas.base import SchemaError

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes of a full tile (C2SP tlog-tiles): 8 KiB."""
MAX_LEAVES = 1 << 48
"""No tree is larger: a proof is never longer than 96 hashes."""

Node = Callable[[int, int], bytes]
"""Hash of the perfect subtree at (level, index): over the leaves from ``index << level``, ``1 << level`` of them."""


class ProofError(SchemaError):
    """A proof that does not lead to the root: the log was rewritten, forked, or does not hold what it should."""

    remedy = "Keep what you have and tell the study's contact and the auditor: a log only ever grows."


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry (RFC 6962 §2.1: ``SHA-256(0x00 || entry)``)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (``SHA-256(0x01 || left || right)``)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; the empty tree's is the hash of nothing."""
    if not hashes:
        return hashlib.sha256().digest()
    level = list(hashes)
    while len(level) > 1:  # pairing from the left, an odd one rises: the same tree as splitting at powers of two
        paired = [node_hash(*level[i : i + 2]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) - len(level) % 2 :]
    return level[0]


def root_at(size: int, node: Node) -> bytes:
    """Root of the first ``size`` leaves."""
    _check_size(size)
    return _range_hash(0, size, node) if size else root_of(())


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from a leaf to the root (RFC 9162 §2.1.3.1), bottom first."""
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError("the leaf lies outside of the tree")
    return _path(index, 0, size, node)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash stands at a place of a tree (RFC 9162 §2.1.3.2).

    Raises:
        ProofError: it does not, or the proof is too short or too long.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError("the leaf lies outside of the tree")
    found = leaf
    for step, from_left in zip(proof, _turns(index, size - 1, len(proof)), strict=True):
        found = node_hash(step, found) if from_left else node_hash(found, step)
    if found != root:
        raise ProofError("the entry is not in the log")


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """The hashes that show a tree to be the beginning of a later one (RFC 9162 §2.1.4.1)."""
    _check_size(new)
    if not 0 <= old <= new:
        raise ProofError("a log never shrinks")
    return [] if old in {0, new} else _since(old, 0, new, node, whole=True)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the old tree is the beginning of the new one (RFC 9162 §2.1.4.2).

    Raises:
        ProofError: it is not: the log was rewritten or forked.
    """
    _check_size(new)
    if not 0 <= old <= new:
        raise ProofError("the log is shorter than it was")
    if old in {0, new}:
        if proof or (old_root != new_root if old else old_root != root_of(())):
            raise ProofError("the log is not the one that was seen before")
        return
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        raise ProofError("the proof is too short")
    whole = ((old - 1) ^ old).bit_length() - 1  # levels up to which the old tree's last subtree is whole
    left = right = steps[0]
    turns = _turns((old - 1) >> whole, (new - 1) >> whole, len(steps) - 1)
    for step, from_left in zip(steps[1:], turns, strict=True):
        if from_left:
            left, right = node_hash(step, left), node_hash(step, right)
        else:
            right = node_hash(right, step)
    if left != old_root or right != new_root:
        raise ProofError("the log is not the one that was seen before")


def _turns(fn: int, sn: int, steps: int) -> list[bool]:
    """For each step of a proof, whether its hash stands on the left (RFC 9162's `fn` and `sn`).

    Raises:
        ProofError: so many steps do not lead to the root.
    """
    turns = list[bool]()
    for _ in range(steps):
        if sn == 0:
            raise ProofError("the proof is too long")
        turns.append(bool(fn & 1) or fn == sn)
        while turns[-1] and fn and not fn & 1:
            fn, sn = fn >> 1, sn >> 1
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    return turns


def tile_nodes(tile: Callable[[int, int], bytes]) -> Node:
    """Nodes out of tiles. ``tile(level, number)`` gives a tile's hashes, one after the other, as many as there are.

    Raises:
        ProofError: (when a node is asked for) a tile is too short or not made of whole hashes.
    """

    def node(level: int, index: int) -> bytes:
        height = level % TILE_HEIGHT
        first = index << height
        number, start = divmod(first, TILE_WIDTH)
        data = tile(level // TILE_HEIGHT, number)
        wanted = data[start * HASH_BYTES : (start + (1 << height)) * HASH_BYTES]
        if len(wanted) != HASH_BYTES << height:
            raise ProofError("a tile of the log is too short")
        return root_of([wanted[i : i + HASH_BYTES] for i in range(0, len(wanted), HASH_BYTES)])

    return node


def tile_path(level: int | None, number: int, width: int = TILE_WIDTH) -> str:
    """A tile's path (C2SP tlog-tiles): ``tile/0/x001/067``, ``.p/17`` after it if partial. Level None: entries."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    part = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(groups)}{part}"


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_LEAVES:
        raise ProofError("not the size of a log")


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_hash(begin: int, size: int, node: Node) -> bytes:
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, begin >> level)
    left = _split(size)
    return node_hash(_range_hash(begin, left, node), _range_hash(begin + left, size - left, node))


def _path(index: int, begin: int, size: int, node: Node) -> list[bytes]:
    if size == 1:
        return []
    left = _split(size)
    if index < left:
        return [*_path(index, begin, left, node), _range_hash(begin + left, size - left, node)]
    return [*_path(index - left, begin + left, size - left, node), _range_hash(begin, left, node)]


def _since(old: int, begin: int, size: int, node: Node, *, whole: bool) -> list[bytes]:
    if old == size:
        return [] if whole else [_range_hash(begin, size, node)]
    left = _split(size)
    if old <= left:
        return [*_since(old, begin, left, node, whole=whole), _range_hash(begin + left, size - left, node)]
    return [*_since(old - left, begin + left, size - left, node, whole=False), _range_hash(begin, left, node)]
