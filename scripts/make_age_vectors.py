"""Make tests/vectors/age anew: files that another implementation of age wrote, opened, or published.

    npm install --prefix FOLDER --no-save age-encryption@0.3.1 cctv-age@0.2.0
    python scripts/make_age_vectors.py FOLDER/node_modules

Writes, in tests/vectors/age:
    *.age           files by the npm package `age-encryption`, and one of ours that it opened in this run
    vectors.json    what each holds and who opens it; plaintexts are SHAKE-256 of a label, cut to a length
    testkit.json    the age project's own vectors (npm package `cctv-age`, licence 0BSD): those of hybrid
                    recipients, and those of the payload, whose X25519 headers our tests replace

Identities are kept as hexadecimal seeds, so that no file here holds a secret key's text.
They seal nothing else.
Both implementations draw fresh randomness, so each run makes other bytes that mean the same.
"""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from schemas import age  # noqa: E402 - the line above lets the script run from any folder

TARGET = REPOSITORY / "tests" / "vectors" / "age"
BRIDGE = REPOSITORY / "scripts" / "age_vectors.mjs"
SEEDS = {name: hashlib.sha256(f"overt age vector {name}".encode()).digest() for name in ("ada", "ben", "cleo")}
CASES: dict[str, tuple[int, tuple[str, ...]]] = {
    "npm-empty": (0, ("ada",)),
    "npm-one-byte": (1, ("ada",)),
    "npm-one-chunk": (64 * 1024, ("ada",)),
    "npm-one-chunk-and-a-byte": (64 * 1024 + 1, ("ada",)),
    "npm-three-recipients": (1000, ("ada", "ben", "cleo")),
}
OURS, OURS_SIZE = "ours-three-recipients", 3000
# Two of the three payload vectors of 16 MB say nothing that the third does not.
LEFT_OUT = {"stream_257_chunks", "stream_258_chunks"}


def main() -> None:
    """Make every vector, or stop at the first thing that the other implementation does not agree with."""
    modules = Path(sys.argv[1])
    identities = {name: age.Identity.from_seed(seed) for name, seed in SEEDS.items()}
    recipients = {name: str(identity.recipient) for name, identity in identities.items()}
    for name, identity in identities.items():
        theirs = ask(modules, op="recipient", identity=identity.encode())["recipient"]
        require(theirs == recipients[name], f"recipient of {name}")
    entries = []
    for case, (size, names) in CASES.items():
        request = {"recipients": [recipients[n] for n in names], "plaintext": text64(plaintext(case, size))}
        sealed = base64.b64decode(ask(modules, op="encrypt", **request)["file"])
        entries.append(store(case, size, names, sealed, f"written by {version(modules)}"))
    entries.append(ours(modules, identities))
    seeds = {name: seed.hex() for name, seed in SEEDS.items()}
    write_json("vectors.json", {"seeds": seeds, "recipients": recipients, "files": entries})
    write_json("testkit.json", testkit(modules))


def ours(modules: Path, identities: dict[str, age.Identity]) -> dict[str, Any]:
    """Seal a file and have the npm package open it as each of its recipients."""
    content = plaintext(OURS, OURS_SIZE)
    file_key, nonce = plaintext("file key", 16), plaintext("nonce", 16)
    everyone = [identity.recipient for identity in identities.values()]
    sealed = age.encrypt(content, everyone, file_key=file_key, nonce=nonce)
    for name, identity in identities.items():
        answer = ask(modules, op="decrypt", identities=[identity.encode()], file=text64(sealed))
        require(answer.get("plaintext") == text64(content), f"our file, opened as {name}")
    return store(OURS, OURS_SIZE, tuple(identities), sealed, f"written by us, opened by {version(modules)}")


def store(case: str, size: int, names: tuple[str, ...], sealed: bytes, origin: str) -> dict[str, Any]:
    """Write one file; return its entry, after opening it as each of its recipients."""
    for name in names:
        opened = age.decrypt(sealed, [age.Identity.from_seed(SEEDS[name])], limit=size)
        require(opened == plaintext(case, size), f"{case}, opened as {name}")
    (TARGET / f"{case}.age").write_bytes(sealed)
    return {"name": case, "size": size, "recipients": names, "origin": origin}


def testkit(modules: Path) -> list[dict[str, Any]]:
    """Return the published vectors that concern hybrid recipients or the payload."""
    vectors = ask(modules, op="testkit")["vectors"]
    wanted = [n for n in sorted(vectors) if n.startswith(("hybrid", "stream", "armor_hybrid"))]
    return [testkit_entry(n, base64.b64decode(vectors[n])) for n in wanted if n not in LEFT_OUT]


def testkit_entry(name: str, vector: bytes) -> dict[str, Any]:
    """Turn one vector's text header into JSON, and its hybrid identities into seeds."""
    head, _, body = vector.partition(b"\n\n")
    fields = [line.split(": ", 1) for line in head.decode().splitlines()]
    found = dict(fields)
    hybrid = [v for k, v in fields if k == "identity" and v.startswith("AGE-SECRET-KEY-PQ-")]
    return {
        "name": name,
        "expect": found["expect"],
        "payload_sha256": found.get("payload"),
        "file_key": found["file key"],
        "seeds": [age.Identity.parse(each)._seed.hex() for each in hybrid],  # noqa: SLF001 - rightly no public way
        "zlib": found.get("compressed") == "zlib",
        "file": text64(body),
    }


def plaintext(label: str, size: int) -> bytes:
    """Return `size` bytes that depend on `label` alone."""
    return hashlib.shake_256(label.encode()).digest(size)


def ask(modules: Path, **request: Any) -> dict[str, Any]:
    """Send one request to the npm package; return its answer."""
    run = subprocess.run(
        ["node", str(BRIDGE), str(modules)],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def version(modules: Path) -> str:
    """Return name and version of the package, as its own manifest tells them."""
    manifest = json.loads((modules / "age-encryption" / "package.json").read_text())
    return f"{manifest['name']} {manifest['version']} (npm)"


def text64(data: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(data).decode()


def write_json(name: str, value: Any) -> None:
    """Write one readable JSON file among the vectors."""
    (TARGET / name).write_text(json.dumps(value, indent=1) + "\n")


def require(condition: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Stop where the implementations disagree."""
    if not condition:
        sys.exit(f"the implementations disagree: {what}")


if __name__ == "__main__":
    main()
