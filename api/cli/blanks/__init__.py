"""Forms an official fills in: TOML under a document's own member names, and how they are read.

A member that may be absent may be left out. What a command knows itself (a public key, the digest
of what is answered) is not asked for; the document's own rules judge the rest.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from api.operating.reasons import not_toml
from node.errors import MalformedDocument
from node.office.act import completed
from node.protocol.forms import TermsPaper

from ..opening import read_file

if TYPE_CHECKING:
    from pathlib import Path

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
    data = read_file(path, SIZE_LIMIT_BYTES, MalformedDocument)
    if len(data) > SIZE_LIMIT_BYTES:
        raise MalformedDocument(f"{path} 超过 256 KiB / larger than 256 KiB")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedDocument(f"{path} {not_toml(error)}") from error


def read_terms(path: Path) -> dict[str, Any]:
    """Return the body of a `terms` document from a filled-in form.

    Raises:
        MalformedDocument: it is not a form.
    """
    body = {"filterOnly": [], "rowScope": {}, "masks": {}, **read_form(path)}
    return completed(TermsPaper, body)


def read_refusals(path: Path) -> list[dict[str, Any]]:
    """Read which items are refused and why.

    Raises:
        MalformedDocument: it is not a form, or lists nothing.
    """
    listed = read_form(path).get("refusals")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise MalformedDocument(
            f"{path} 里没有 [[refusals]] / lists no [[refusals]]", path=str(path)
        )
    return listed
