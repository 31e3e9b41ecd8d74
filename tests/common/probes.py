"""Probes in a module's code: each tells once that its line or branch was passed.

SlipCover says where probes belong and puts calls there; on Python 3.11 it cannot take them out
again, for `co_code` is a copy there, and a call before each line makes code that loops twice as
slow. So the calls are of a function here, which writes the jump into the code that runs. What was
made of a file is kept beside its bytecode: a worker that imports it again only reads it.
"""

from __future__ import annotations

import ast
import ctypes
import marshal
import sys
import types
import weakref
from collections import defaultdict
from importlib import util
from importlib.machinery import PathFinder, SourceFileLoader
from opcode import opmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipcover.branch import BRANCH_NAME, preinstrument
from slipcover.bytecode import Editor
from slipcover.slipcover import findlinestarts
from slipcover.version import __version__ as made_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

Line = int
Branch = tuple[int, int]
CODE_AT = types.CodeType.__basicsize__
"""Where a code object's instructions begin: `co_code_adaptive` is its last member, of any size."""
JUMP = opmap["JUMP_FORWARD"]
"""Takes the place of a NOP whose argument is already how far to jump."""
EXTENDED = opmap["EXTENDED_ARG"]
FUNCTION, PROBE = "probes.passed", "probes.probe"
"""In code that is kept: what stands for the function, and begins what stands for its argument."""
seen: dict[str, set[Line | Branch]] = defaultdict(set)
"""By file: lines, and branches from a line to one, 0 being the end of the function."""


class Probe:
    """One place in one piece of code."""

    __slots__ = ("at", "code", "seen", "what")

    def __init__(self, seen: set[Line | Branch], what: Line | Branch, at: int) -> None:
        self.seen, self.what, self.at = seen, what, at
        self.code: weakref.ref[types.CodeType] | None = None


def passed(probe: Probe) -> None:
    """Note it, and let the code jump over this call from now on."""
    probe.seen.add(probe.what)
    # Code that was copied by others has its own instructions: only what is there is written to.
    code = probe.code and probe.code()
    if code is not None:
        ctypes.memset(id(code) + CODE_AT + probe.at, JUMP, 1)


class Finder(PathFinder):
    """Finds modules of some packages below one folder, to be loaded with probes."""

    packages: tuple[str, ...] = ()
    root = ""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in cls.packages:
            return None
        spec = super().find_spec(fullname, path, target)
        return spec if cls.take(spec) else None

    @classmethod
    def take(cls, spec: ModuleSpec | None) -> bool:
        """Have a module loaded with probes if it is of those packages' sources."""
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return False
        if not spec.origin.startswith(tuple(f"{cls.root}{each}/" for each in cls.packages)):
            return False
        spec.loader = Loader(spec.name, spec.origin)
        return True


class Loader(SourceFileLoader):
    """Loads a module with probes, from what was kept of it if that is of this source."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        stat = Path(path).stat()
        stamp = (made_by, sys.version, path, stat.st_mtime_ns, stat.st_size)
        kept = Path(util.cache_from_source(path, optimization="probes"))
        try:
            found, code = marshal.loads(kept.read_bytes())  # noqa: S302 - what we wrote
        except (OSError, EOFError, ValueError, TypeError):
            found = None
        if found != stamp:
            code = kept_code(Path(path))
            self.set_data(str(kept), marshal.dumps((stamp, code)))
        return with_probes(code, seen[path])


def kept_code(path: Path) -> types.CodeType:
    """Compile a source with calls that `with_probes` fills in."""
    tree = preinstrument(ast.parse(path.read_bytes()))
    return with_calls(compile(tree, str(path), "exec", dont_inherit=True))


def with_calls(code: types.CodeType) -> types.CodeType:
    """Return code with a call at each line and branch, of constants that can be kept."""
    editor = Editor(code)
    for index, each in enumerate(code.co_consts):
        if isinstance(each, types.CodeType):
            editor.set_const(index, with_calls(each))
    function = editor.add_const(FUNCTION)
    places: list[tuple[int, Line | Branch, int]] = []
    # At one offset a line comes first: its call is put in, a branch's takes the place of a mark.
    branches = editor.find_const_assignments(BRANCH_NAME)
    for at, *mark in sorted([*findlinestarts(code), *branches], key=lambda x: (x[0], len(x))):
        moved = sum(size for _, _, size in places)
        if len(mark) == 1:
            start = at
            while start >= 2 and code.co_code[start - 2] == EXTENDED:  # belongs to what follows
                start += 2
            argument = editor.add_const(None)
            size = editor.insert_function_call(start + moved, function, (argument,))
            places.append((argument, mark[0], size))
        else:
            end, argument = mark
            size = editor.insert_function_call(
                at + moved, function, (argument,), repl_length=end - at
            )
            places.append((argument, code.co_consts[argument], size))
    new: types.CodeType = editor.finish()
    consts = list(new.co_consts)
    for (argument, what, _), at in zip(places, editor.get_inserts(), strict=True):
        consts[argument] = (PROBE, what, at)
    return new.replace(co_consts=tuple(consts))


def with_probes(code: types.CodeType, seen: set[Line | Branch]) -> types.CodeType:
    """Return kept code with its function and its probes in the places of what stands for them."""
    probes: list[Probe] = []
    consts: list[Any] = []
    for each in code.co_consts:
        made = each
        if isinstance(each, types.CodeType):
            made = with_probes(each, seen)
        elif each == FUNCTION:
            made = passed
        elif isinstance(each, tuple) and each[:1] == (PROBE,):
            made = Probe(seen, *each[1:])
            probes.append(made)
        consts.append(made)
    new = code.replace(co_consts=tuple(consts))
    itself = weakref.ref(new)
    for probe in probes:
        probe.code = itself
    return new


def probe(root: Path, packages: Sequence[str]) -> None:
    """Put probes into whatever is loaded of these packages from here on, by name or by path."""
    code = probe.__code__
    there = ctypes.string_at(id(code) + CODE_AT, len(code.co_code))
    assert there == code._co_code_adaptive, "code objects are laid out otherwise"  # type: ignore[attr-defined]
    Finder.packages, Finder.root = tuple(packages), f"{root}/"
    sys.meta_path.insert(0, Finder)
    find = util.spec_from_file_location

    def by_path(*arguments: Any, **options: Any) -> ModuleSpec | None:
        """Find what Alembic runs: revisions, which no name imports."""
        spec = find(*arguments, **options)
        Finder.take(spec)
        return spec

    util.spec_from_file_location = by_path
