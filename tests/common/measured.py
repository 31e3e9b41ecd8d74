"""Which lines and branches of the product the tests run: `pytest -p tests.common.measured`.

Python 3.11 tells a tracer of every line of every library, and takes twice as long for all of them.
Probes are put into the product's own code alone, as it is imported, and each is jumped over once it
was passed: on Python 3.11 ours (`probes`), from 3.12 on SlipCover's, which has events there. What
they saw is kept as coverage.py's data: what counts as a statement or a branch, what is left out,
the report and its threshold are coverage.py's (`coverage report`).
"""

from __future__ import annotations

import ast
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage
from coverage.python import PythonFileReporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "ledger_sync", "api")
SEEN = "seen"
Line = int
Branch = tuple[int, int]
Seen = dict[str, "set[Line | Branch]"]
"""By file: lines, and branches from a line to one, 0 being the end of the function."""
_seen: list[Seen] = []
"""What the probes of this process note."""
_told: Seen = defaultdict(set)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Probe whatever is imported of the product from here on, where tests will run."""
    if _is_controller(early_config):
        return
    if sys.version_info >= (3, 12):
        import slipcover  # here, for pytest itself loads its plugin before

        sources = [ROOT / each for each in PACKAGES]
        probes = slipcover.Slipcover(branch=True, immediate=True)
        slipcover.ImportManager(probes, slipcover.FileMatcher(sources)).__enter__()
        _seen.extend((probes.all_seen, probes.newly_seen))
    else:
        from tests.common.probes import probe, seen

        probe(ROOT, PACKAGES)
        _seen.append(seen)


def _is_controller(config: pytest.Config) -> bool:
    """Tell whether others run the tests, and this process only hands them out."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return False
    return bool(getattr(config.known_args_namespace, "numprocesses", None))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker has seen; one that died has told nothing."""
    for path, seen in getattr(node, "workeroutput", {}).get(SEEN, {}).items():
        _told[path].update(seen)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controller what was seen, or keep it as coverage.py's data."""
    for each in _seen:
        for path, passed in each.items():
            _told[path].update(passed)
    output = getattr(session.config, "workeroutput", None)
    if session.config.option.collectonly:
        return
    if output is None:
        keep(_told)
    else:
        output[SEEN] = {path: list(seen) for path, seen in _told.items()}


def keep(seen: Seen) -> None:
    """Write it where `coverage report` looks, all files of the product with it."""
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    data = coverage.get_data()
    data.erase()
    files = [str(path) for each in PACKAGES for path in sorted((ROOT / each).rglob("*.py"))]
    data.add_arcs({path: arcs(path, seen.get(path, ()), coverage) for path in files})
    data.touch_files(files)  # those of which nothing ran
    coverage.save()


def arcs(path: str, seen: Iterable[Line | Branch], coverage: Coverage) -> set[Branch]:
    """Return what was seen of a file as coverage.py's arcs, exits being negative.

    A line is an arc from itself to itself, which says that it ran and nothing more.
    """
    reporter = PythonFileReporter(path, coverage)
    possible: dict[Line, set[Line]] = defaultdict(set)
    ways_in: dict[Line, set[Line]] = defaultdict(set)
    for start, end in reporter.arcs():
        possible[start].add(end)
        ways_in[end].add(start)
    lines = reporter.translate_lines(each for each in seen if isinstance(each, int))
    bodies = dict(_bodies(path))
    found = {(line, line) for line in lines}
    # A line that can be reached one way only was reached that way: bodies, handlers, cases.
    found.update((start, end) for end in lines for start in ways_in[end] if len(ways_in[end]) == 1)
    for start, end in (each for each in seen if isinstance(each, tuple)):
        exits = possible[start]
        (reached,) = reporter.translate_lines([end]) or {end}
        if reached not in exits and start in bodies:
            # What follows, which both may call by different lines: a function's end, a `with`.
            (body,) = reporter.translate_lines([bodies[start]])
            exits = exits - {body}
            reached = next(iter(exits)) if len(exits) == 1 else reached
        if reached in exits:
            found.add((start, reached))
    return found


def _bodies(path: str) -> Iterator[Branch]:
    """Yield the line of each condition or loop with that at which its body begins."""
    for node in ast.walk(ast.parse(Path(path).read_bytes())):
        if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While):
            yield node.lineno, node.body[0].lineno
