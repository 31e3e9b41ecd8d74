"""A decision ready to be signed: its struct, and the papers behind it.

Struct fields that the paper also has are derived from the paper, never given twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic.alias_generators import to_camel

from ..errors import MalformedDocument
from ..protocol import forms as documents
from ..protocol.forms.fields import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Act(NamedTuple):
    """What an official is asked to sign."""

    kind: str
    """Name of the struct, as "ApplyFor"."""
    message: dict[str, Any]
    """The struct's members but for nonce and notAfter, under the ABI's names."""
    documents: list[bytes]
    """The papers behind it, to be stored before it is sent."""


def new_paper(kind: str, body: Mapping[str, Any]) -> documents.Document:
    """Return a new document of `kind`.

    Raises:
        MalformedDocument: the body breaks a rule; `facts["problems"]` lists them.
    """
    return documents.make_document(kind, body)


def of_paper(decision: str, kind: str, body: Mapping[str, Any]) -> Act:
    """Return the act whose whole struct follows from one paper."""
    return of_document(decision, new_paper(kind, body))


def of_document(decision: str, paper: documents.Document) -> Act:
    """The same for a paper that is written already."""
    derived = {name: said for name, said in documents.derive(paper).items() if said is not None}
    return Act(decision, {**derived, "digest": paper.digest}, [paper.data])


def refuse(problems: Iterable[documents.Problem]) -> None:
    """Raise what is wrong between several papers, if anything is.

    Raises:
        MalformedDocument: `facts["problems"]` lists every (path, reason, value).
    """
    found = list(problems)
    if found:
        said = "; ".join(
            f"{'.'.join(str(step) for step in each.path)}：{each.reason}（{each.value!r}）"
            for each in found
        )
        raise MalformedDocument(said, problems=[tuple(each) for each in found])


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
