"""Data only: allow-lists, redaction rules and notices, with examples that are their tests.

The files travel inside the wheel; this loader is the one way to read them.
"""

from importlib.resources import files


def read_text(name: str) -> str:
    """The text of one shipped data file, as UTF-8.

    Args:
        name: path below ``policies`` with forward slashes, e.g. ``redaction/tokens.toml``.

    Raises:
        ValueError: the name would leave the package.
        FileNotFoundError: no such file was shipped.
    """
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\\" in part for part in parts):
        raise ValueError("a policy data file is named by a plain path below the package")
    return files(__name__).joinpath(*parts).read_text(encoding="utf-8")


def redaction_rules() -> dict[str, str]:
    """Every built-in redaction rule file: name (``tokens.toml``) to TOML text, sorted by name."""
    folder = files(__name__).joinpath("redaction")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name: read_text(f"redaction/{name}") for name in names}


def names_model() -> bytes:
    """The names model (``agent/core/redact/names.py``), made by ``make model``.

    Raises:
        FileNotFoundError: it was not shipped.
    """
    return files(__name__).joinpath("redaction", "names.bin").read_bytes()
