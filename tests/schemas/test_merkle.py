"""The Merkle log against known values, against the definition in the RFC, and against tampering."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.merkle import (
    TILE_WIDTH,
    Node,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    root_of,
    tile_nodes,
    tile_path,
    verify_consistency,
    verify_inclusion,
)

INPUTS = [bytes.fromhex(t) for t in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
INPUTS.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Certificate Transparency's own test tree: roots of its first 1 to 8 leaves."""


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def nodes(leaves: Sequence[bytes]) -> Node:
    """A log's nodes, out of tiles as the collector keeps them."""
    levels = [[leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        whole = len(below) // TILE_WIDTH
        levels.append([root_of(below[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]) for n in range(whole)])
    return tile_nodes(lambda level, n: b"".join(levels[level][n * TILE_WIDTH : (n + 1) * TILE_WIDTH]))


def test_known_roots() -> None:
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for count, root in enumerate(ROOTS, 1):
        assert root_of([leaf_hash(i) for i in INPUTS[:count]]).hex() == root
        assert root_at(count, nodes(INPUTS)).hex() == root


def test_known_proofs() -> None:
    """Of the same tree, as Certificate Transparency's tests have them."""
    first = inclusion_proof(0, 8, nodes(INPUTS))
    assert [h.hex() for h in first] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [h.hex() for h in consistency_proof(6, 8, nodes(INPUTS))] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.integers(1, 600), st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_in_is_proved_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    leaves = [n.to_bytes(4, "big") for n in range(size)]
    node, root = nodes(leaves), by_definition(leaves)
    assert root_at(size, node) == root
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, node)
    verify_inclusion(leaf_hash(leaves[index]), index, size, proof, root)
    wrong = [
        (leaf_hash(b"other"), index, size, proof, root),
        (leaf_hash(leaves[index]), index, size, [*proof, root], root),
        (leaf_hash(leaves[index]), index, size, proof, node_hash(root, root)),
        (leaf_hash(leaves[index]), size, size, proof, root),
    ]
    if proof:
        wrong += [(leaf_hash(leaves[index]), index, size, proof[:-1], root)]
        wrong += [(leaf_hash(leaves[index]), index ^ 1, size, proof, root)]
    for each in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*each)


@given(st.integers(1, 600), st.data())
@settings(max_examples=60, deadline=None)
def test_growth_is_proved_and_a_rewrite_is_not(size: int, data: st.DataObject) -> None:
    leaves = [n.to_bytes(4, "big") for n in range(size)]
    old = data.draw(st.integers(0, size))
    before, after = by_definition(leaves[:old]), by_definition(leaves)
    proof = consistency_proof(old, size, nodes(leaves))
    verify_consistency(old, size, before, after, proof)
    if old:
        changed = [b"changed", *leaves[1:]]
        other = nodes(changed)
        with pytest.raises(ProofError):
            verify_consistency(old, size, before, by_definition(changed), consistency_proof(old, size, other))
        with pytest.raises(ProofError):
            verify_consistency(old, size, before, after, [*proof, before])
    if 0 < old < size:
        with pytest.raises(ProofError):
            verify_consistency(old, size, before, after, proof[:-1])
        with pytest.raises(ProofError):
            verify_consistency(size, old, after, before, [])


def test_tiles_have_the_names_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert tile_path(None, 5) == "tile/entries/005"


def test_a_short_tile_proves_nothing() -> None:
    with pytest.raises(ProofError):
        tile_nodes(lambda _level, _number: b"\x00" * 33)(0, 1)
