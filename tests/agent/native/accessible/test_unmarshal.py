"""Values are read as dbus-fast wrote them; bytes that lie are refused, and never take more work than they are long."""

from typing import Any

import pytest
from dbus_fast import Variant as Written
from dbus_fast._private.marshaller import Marshaller
from hypothesis import given
from hypothesis import strategies as st

from agent.native.accessible.unmarshal import MAX_SIGNATURE, Nonsense, Reader, Variant, types_of

NUMBERS = {"y": (0, 8), "n": (-15, 15), "q": (0, 16), "i": (-31, 31), "u": (0, 32), "x": (-63, 63), "t": (0, 64)}
Typed = tuple[str, Any, Any]
"""A signature, a value as it is written, and as it is read."""


def whole(code: str) -> st.SearchStrategy[Typed]:
    low, high = NUMBERS[code]
    least = -(1 << -low) if low else 0
    return st.integers(least, (1 << high) - 1).map(lambda value: (code, value, value))


BASIC: st.SearchStrategy[Typed] = st.one_of(
    *(whole(code) for code in NUMBERS),
    st.booleans().map(lambda value: ("b", value, value)),
    st.floats(allow_nan=False).map(lambda value: ("d", value, value)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9).map(lambda t: ("s", t, t)),
    st.sampled_from(["/", "/a/b_1"]).map(lambda path: ("o", path, path)),
    st.sampled_from(["", "a{sv}", "(iu)"]).map(lambda name: ("g", name, name)),
)


def arrays(inner: Typed) -> st.SearchStrategy[Typed]:
    signature, written, read = inner
    return st.integers(0, 3).map(
        lambda n: (
            (f"a{signature}", bytes([written] * n), bytes([read] * n))
            if signature == "y"
            else (f"a{signature}", [written] * n, [read] * n)
        )
    )


def beyond(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    members = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.flatmap(arrays),
        inner.map(lambda one: ("v", Written(one[0], one[1]), Variant(one[0], one[2]))),
        members.map(lambda m: (f"({''.join(s for s, _, _ in m)})", [w for _, w, _ in m], tuple(r for _, _, r in m))),
        st.tuples(st.text("ab", max_size=3), inner).map(
            lambda pair: (f"a{{s{pair[1][0]}}}", {pair[0]: pair[1][1]}, {pair[0]: pair[1][2]})
        ),
    )


@given(st.lists(st.recursive(BASIC, beyond, max_leaves=6), max_size=4))
def test_what_is_written_is_read(values: list[Typed]) -> None:
    signature = "".join(kind for kind, _, _ in values)
    data = bytes(Marshaller(signature, [written for _, written, _ in values]).marshall())
    reader = Reader(data, 0, "<")
    assert [reader.read(kind) for kind in types_of(signature)] == [read for _, _, read in values]
    assert reader.at == len(data)


@given(st.recursive(BASIC, beyond, max_leaves=6), st.data())
def test_bytes_that_lie_are_refused_or_read_within_their_length(value: Typed, data: st.DataObject) -> None:
    kind, written, _ = value
    bent = bytearray(Marshaller(kind, [written]).marshall())
    for _ in range(data.draw(st.integers(1, 4))):
        if bent:
            bent[data.draw(st.integers(0, len(bent) - 1))] = data.draw(st.integers(0, 255))
    reader = Reader(bytes(bent[: data.draw(st.integers(0, len(bent)))]), 0, "<")
    try:
        reader.read(kind)
    except Nonsense:
        return
    assert reader.at <= len(bent)


@given(st.text("aybnqiuxtdhsogv(){}z", max_size=40))
def test_any_text_is_a_signature_or_is_not(signature: str) -> None:
    try:
        assert "".join(types_of(signature)) == signature
    except Nonsense:
        return


@pytest.mark.parametrize(
    "signature",
    [
        "()",
        "a",
        "a()",
        "{sv}",
        "a{vs}",
        "a{s}",
        "a{sss}",
        "(",
        "i)",
        "a{s",
        "a{",
        "z",
        "a" * 65 + "i",
        "i" * 256,
        "(" * 65 + "i",
    ],
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(Nonsense):
        types_of(signature)


def test_as_deep_and_as_long_as_the_specification_allows() -> None:
    assert types_of("a" * 32 + "(" * 31 + "i" + ")" * 31)
    assert len(types_of("y" * MAX_SIGNATURE)) == MAX_SIGNATURE


def test_variants_in_variants_have_an_end() -> None:
    with pytest.raises(Nonsense):
        Reader(b"\x01v\x00" * 100 + b"\x01y\x00\x07", 0, "<").read("v")


def test_a_value_is_never_printed() -> None:
    assert "canary" not in f"{Variant('s', 'canary')} {[Variant('s', 'canary')]}"
