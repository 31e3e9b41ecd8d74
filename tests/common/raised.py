"""What this system's errors say, read from the source: the texts of every raise, as templates.

`{}` stands for a value. A text is followed through names, both branches of a choice and the
callers of a helper in the same module; what cannot be followed is told as a place, not left out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import node.errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "ledger_sync", "api")
CLASSES = {
    name
    for name, value in vars(node.errors).items()
    if isinstance(value, type) and issubclass(value, node.errors.LedgerError)
}
GIVEN = {"error", "kind", "raises", "refusal"}
"""What a class of error is called where it is handed in."""
DEPTH = 4

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Raised:
    """The texts of one package tree."""

    templates: dict[str, str] = field(default_factory=dict)
    """Template → a place it stands at."""
    opaque: dict[str, str] = field(default_factory=dict)
    """`file: expression` that cannot be followed → the line it stands at."""


@cache
def raised() -> Raised:
    """Read every module of the product, once, when first asked: it takes seconds."""
    found = Raised()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            _Module(path, found).read()
    return found


class _Module:
    def __init__(self, path: Path, found: Raised) -> None:
        self._name = path.relative_to(ROOT).as_posix()
        self._found = found
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._within: dict[ast.AST, Function | None] = {}
        """The innermost function each node stands in, in the order of the source."""
        self._enter(self._tree, None)

    def _enter(self, inside: ast.AST, function: Function | None) -> None:
        function = inside if isinstance(inside, Function) else function
        self._within[inside] = function
        for each in ast.iter_child_nodes(inside):
            self._enter(each, function)

    def read(self) -> None:
        for call in self._within:
            if isinstance(call, ast.Call) and self._is_error(call) and _is_text(call.args):
                self._note(call)

    def _is_error(self, call: ast.Call) -> bool:
        name = _name_of(call.func)
        return name in CLASSES or (name in GIVEN and isinstance(call.func, ast.Name))

    def _note(self, call: ast.Call) -> None:
        place = f"{self._name}:{call.lineno}"
        for text in self._texts(call.args[0], self._within.get(call), DEPTH):
            if text is None:
                self._found.opaque[f"{self._name}: {ast.unparse(call.args[0])}"] = place
            else:
                self._found.templates.setdefault(text, place)

    def _texts(  # noqa: C901, PLR0912 - one case a form of expression
        self, said: ast.expr, function: Function | None, depth: int
    ) -> Iterator[str | None]:
        """Yield the templates an expression may give; None where it cannot be followed."""
        if not depth:
            yield None
            return
        match said:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                for choice in product(*(self._part(each) for each in parts)):
                    yield "".join(choice)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ends = list(self._texts(right, function, depth))
                for one, other in product(self._texts(left, function, depth), ends):
                    yield None if one is None else one + ("{}" if other is None else other)
            case ast.IfExp(body=body, orelse=orelse):
                yield from self._texts(body, function, depth)
                yield from self._texts(orelse, function, depth)
            case ast.BoolOp(values=choices):
                for each in choices:
                    yield from self._texts(each, function, depth)
            case ast.Name(id=name):
                yield from self._named(name, function, depth)
            case ast.Subscript(value=ast.Name(id=name)):
                yield from self._listed(name)
            case ast.Call():
                yield from self._called(said, function, depth)
            case _:
                yield None

    def _called(
        self, said: ast.Call, function: Function | None, depth: int
    ) -> Iterator[str | None]:
        match said:
            case ast.Call(func=ast.Name(id="t"), args=[chinese, _]):
                yield from self._texts(chinese, function, depth)  # the user's language of the two
            case ast.Call(func=ast.Name(id=name)):
                yield from self._returned(name, depth)
            case ast.Call(func=ast.Attribute(attr="join"), args=[ast.GeneratorExp(elt=one)]):
                yield from self._texts(one, function, depth)
            case ast.Call(func=ast.Attribute(attr="join" | "render")):
                yield "{}"  # of texts that are listed, and said in Chinese, where they are made
            case ast.Call(func=ast.Attribute(attr="format", value=inner)):
                yield from self._texts(inner, function, depth)
            case ast.Call(func=ast.Attribute(attr="get", value=ast.Name(id=name)), args=[_, other]):
                yield from self._listed(name)
                yield from self._texts(other, function, depth)
            case _:
                yield None

    def _part(self, part: ast.expr) -> list[str]:
        match part:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.FormattedValue(value=ast.IfExp(body=body, orelse=orelse)):
                choice = [
                    each.value if isinstance(each, ast.Constant) else "{}"
                    for each in (body, orelse)
                ]
                return [str(each) for each in choice]
            case _:
                return ["{}"]

    def _named(self, name: str, function: Function | None, depth: int) -> Iterator[str | None]:
        values = [
            each.value
            for each in (ast.walk(function) if function else self._within)
            if isinstance(each, ast.Assign | ast.AugAssign)
            and name in {_name_of(target) for target in _targets(each)}
        ]
        if values:
            for value in values:
                yield from self._texts(value, function, depth - 1)
        elif function is None:
            yield None
        elif name in (
            parameters := [
                each.arg
                for each in (
                    *function.args.posonlyargs,
                    *function.args.args,
                    *function.args.kwonlyargs,
                )
            ]
        ):
            yield from self._handed(function, name, parameters, depth)
        else:
            yield from self._named(name, None, depth)

    def _handed(
        self, function: Function, name: str, parameters: list[str], depth: int
    ) -> Iterator[str | None]:
        """Yield what the callers in this module hand to a helper's parameter."""
        place = parameters.index(name) - (parameters[0] in {"self", "cls"})
        calls = [
            each
            for each in self._within
            if isinstance(each, ast.Call) and _name_of(each.func) == function.name
        ]
        if not calls:
            yield None
        for call in calls:
            by_name = [each.value for each in call.keywords if each.arg == name]
            given = by_name or call.args[place : place + 1]
            if given:
                yield from self._texts(given[0], self._within.get(call), depth - 1)
            else:
                yield None

    def _listed(self, name: str) -> Iterator[str | None]:
        """Yield the texts of a table of this module; their named values count as values."""
        tables = [
            each.value
            for each in self._tree.body
            if isinstance(each, ast.Assign) and name in {_name_of(at) for at in each.targets}
        ]
        texts = [each for table in tables if isinstance(table, ast.Dict) for each in table.values]
        if not texts:
            yield None
        for text in texts:
            known = isinstance(text, ast.Constant) and isinstance(text.value, str)
            yield re.sub(r"{\w+}", "{}", ast.literal_eval(text)) if known else None

    def _returned(self, name: str, depth: int) -> Iterator[str | None]:
        bodies = [each for each in self._within if isinstance(each, Function) and each.name == name]
        returns = [
            (each.value, body)
            for body in bodies
            for each in ast.walk(body)
            if isinstance(each, ast.Return) and each.value is not None
        ]
        if not returns:
            yield None
        for value, body in returns:
            yield from self._texts(value, body, depth - 1)


def _is_text(arguments: list[ast.expr]) -> bool:
    """Whether there is a text at all: `kind(*row)` makes a row."""
    return bool(arguments) and not isinstance(arguments[0], ast.Starred)


def _targets(each: ast.Assign | ast.AugAssign) -> list[ast.expr]:
    return each.targets if isinstance(each, ast.Assign) else [each.target]


def _name_of(node_: ast.expr) -> str:
    match node_:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
