"""Forms an official fills in: TOML under a document's own member names, and how they are read.

A member that may be absent may be left out. What a command knows itself (a public key, the digest
of what is answered) is not asked for; the document's own rules judge the rest.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

from pydantic.alias_generators import to_camel

from node.errors import MalformedDocument
from node.protocol.forms import TermsPaper
from node.protocol.forms.fields import Part

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("department", "application", "refusals", "terms")
"""The forms there are; each is a file of this package."""
SIZE_LIMIT_BYTES = 262_144
"""As for the document a form becomes."""


def blank_form(name: str) -> str:
    """Return the text of a form that shows how it is filled in."""
    return resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8")


def read_form(path: Path) -> dict[str, Any]:
    """Read a filled-in form.

    Raises:
        MalformedDocument: it cannot be read, is too large or is not TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise MalformedDocument(f"{path} 读不出 / cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT_BYTES:
        raise MalformedDocument(f"{path} 超过 256 KiB / larger than 256 KiB")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedDocument(f"{path} 不是 TOML 文件 / not TOML: {error}") from error


def read_terms(path: Path) -> dict[str, Any]:
    """Return the body of a `terms` document from a filled-in form.

    Raises:
        MalformedDocument: it is not a form.
    """
    body = {"filterOnly": [], "rowScope": {}, "masks": {}, **read_form(path)}
    return completed(TermsPaper, body)


def completed(model: type[Part], body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with a null for every member that may be absent and is, at any depth."""
    whole = dict(body)
    for name, field in model.model_fields.items():
        member = to_camel(name)
        if member not in whole:
            if type(None) in get_args(field.annotation):
                whole[member] = None
            continue
        part = next(_parts(field.annotation), None)
        value = whole[member]
        if part is not None and isinstance(value, dict):
            whole[member] = completed(part, value)
        elif part is not None and isinstance(value, list):
            whole[member] = [
                completed(part, each) if isinstance(each, dict) else each for each in value
            ]
    return whole


def _parts(annotation: Any) -> Any:  # noqa: ANN401 - annotations have no common type
    """Yield the models inside an annotation, as in `tuple[Item, ...]` or `Grant | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)
