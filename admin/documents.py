"""Reading what IT writes (TOML or JSON) into schema documents, with errors that name the key and its meaning."""

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from admin.errors import InputError
from schemas.base import Document
from schemas.policy_keys import refusal
from schemas.signed import MAX_SIGNED_BYTES, SignedDocument, parse_signed

D = TypeVar("D", bound=Document)


def read_table(path: Path) -> dict[str, Any]:
    """The table in a TOML or JSON file; the ending of its name decides which.

    Raises:
        InputError: unreadable, too large, not UTF-8, or not well formed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIGNED_BYTES + 1)
        if len(data) > MAX_SIGNED_BYTES:
            raise InputError(f"{path} is larger than {MAX_SIGNED_BYTES} bytes")
        text = data.decode()
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deeply") from None
    if not isinstance(table, dict):
        raise InputError(f"{path} must hold a table of keys")
    return table


def build(model: type[D], table: dict[str, Any], source: str) -> D:
    """A document of a table.

    Args:
        model: the document's class.
        table: its keys.
        source: what to call the table in errors, usually the file's name.

    Raises:
        InputError: with one line for each key that is wrong.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"{source}: {_explain(model, e)}" for e in found]
        raise InputError("\n".join(lines), "Correct the keys named above, then check again.") from None


def read_signed(path: Path) -> SignedDocument:
    """A signed document of a file, not yet verified.

    Raises:
        InputError: unreadable.
        SchemaError: not a signed document.
    """
    try:
        return parse_signed(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def write(path: Path, data: bytes) -> None:
    """Write a file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _explain(model: type[BaseModel], error: ErrorDetails) -> str:
    where = [part for part in error["loc"] if part != "function-after"]
    key = ".".join(str(part) for part in where) or "whole file"
    owner = _owner(model, where[:-1])
    name = str(where[-1]) if where else ""
    if error["type"] == "extra_forbidden":
        return f"{key}: {_unknown(name, owner)}"
    field = owner.model_fields.get(name) if owner else None
    meaning = f" ({field.description})" if field and field.description else ""
    return f"{key}: {error['msg'].removeprefix('Value error, ')}{meaning}"


def _unknown(name: str, owner: type[BaseModel] | None) -> str:
    if why := refusal(name):
        return why
    near = get_close_matches(name, list(owner.model_fields) if owner else [], n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def _owner(model: type[BaseModel], path: list[Any]) -> type[BaseModel] | None:
    """The model that holds the last part of a path."""
    owner: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or owner is None:
            continue
        field = owner.model_fields.get(str(part))
        owner = _model_in(field.annotation) if field else None
    return owner


def _model_in(hint: Any) -> type[BaseModel] | None:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    return next((m for a in getattr(hint, "__args__", ()) if (m := _model_in(a))), None)
