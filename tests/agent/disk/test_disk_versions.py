"""The newest study and policy are remembered, whatever is written over."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ceremony import Asked
from agent.disk.versions import Versions
from tests.agent.disk.disk_rig import Machine

VERSION = st.integers(1, 9)


def asked(manifest: int, policy: int, study: str | None = None) -> Asked:
    with TemporaryDirectory() as folder:
        found = Machine.make(Path(folder)).enrolment().asked()
    newer = {"version": manifest} | ({"study": study} if study else {})
    return msgspec.structs.replace(
        found,
        manifest=found.manifest.model_copy(update=newer),
        policy=found.policy.model_copy(update={"version": policy}),
    )


FIRST = asked(1, 1)


@given(st.lists(st.tuples(VERSION, VERSION), min_size=1), VERSION, VERSION)
def test_only_what_is_no_older_than_anything_before_is_taken(
    before: list[tuple[int, int]], manifest: int, policy: int
) -> None:
    with TemporaryDirectory() as folder:
        versions = Versions(Path(folder) / "versions")
        for one in before:
            versions.note(_with(*one), "key")
        older = manifest < max(m for m, _ in before) or policy < max(p for _, p in before)
        assert versions.rolled_back(_with(manifest, policy), "key") is older
        assert not versions.rolled_back(_with(1, 1), "another organisation's key")


def test_another_study_counts_by_itself(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "versions")
    versions.note(asked(3, 3), "key")
    assert not versions.rolled_back(asked(1, 1, "another"), "key")
    assert versions.rolled_back(asked(3, 2), "key")


@given(st.binary(max_size=60) | st.sampled_from([b"[1]", b'{"a": 1}', b'{"a": [1, "x"]}', b"[" * 9000]))
def test_a_damaged_file_closes_and_can_be_mended(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "versions"
        path.write_bytes(data)
        versions = Versions(path)
        assert versions.rolled_back(FIRST, "key") or data == b"{}"
        versions.note(FIRST, "key")
        assert not versions.rolled_back(FIRST, "key")


def _with(manifest: int, policy: int) -> Asked:
    return msgspec.structs.replace(
        FIRST,
        manifest=FIRST.manifest.model_copy(update={"version": manifest}),
        policy=FIRST.policy.model_copy(update={"version": policy}),
    )
