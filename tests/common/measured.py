"""Which lines and branches of the product the tests run: `pytest -p tests.common.measured`.

Python 3.11 tells a tracer of every line of every library, and takes twice as long for all of them.
Probes are put into the product's own code alone, as it is imported, and each is jumped over once it
was passed: on Python 3.11 ours (`probes`), from 3.12 on SlipCover's, which has events there. What
they saw is kept, and told as coverage.py's data by `python -m tests.common.measured`: what counts
as a statement or a branch, what is left out, the report and its threshold are coverage.py's.
"""

from __future__ import annotations

import ast
import marshal
import multiprocessing
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage, CoverageData
from coverage.python import PythonFileReporter
from coverage.results import Analysis, analysis_from_file_reporter, should_fail_under

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "ledger_sync", "api")
CONFIGURED = str(ROOT / "pyproject.toml")
KEPT = ROOT / ".setup" / "seen"
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
    if _seen or _is_controller(early_config):  # a worker that was forked has them (hatchery)
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
    """Tell the controller what was seen, or keep it."""
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
    """Write it where `tell` looks."""
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_bytes(marshal.dumps(dict(seen)))


class Told(Coverage):
    """Reports on files that were analysed already."""

    analyses: dict[str, Analysis]

    def _analyze(self, morf: Any, file_reporter: Any = None) -> Analysis:  # noqa: ARG002
        return self.analyses[morf]


def tell() -> str | None:
    """Write what was kept as coverage.py's data, all files of the product with it, and report.

    Reading the sources is nearly all of the work: each is read once, by as many as there are cores.
    Returns what is wrong: that too little was seen.
    """
    seen: Seen = marshal.loads(KEPT.read_bytes())  # noqa: S302 - what we wrote
    files = [str(path) for each in PACKAGES for path in sorted((ROOT / each).rglob("*.py"))]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        found = list(pool.map(analyse, files, [seen.get(each, ()) for each in files], chunksize=8))
    coverage = Told(config_file=CONFIGURED)
    coverage.analyses = {file: analysis for file, (_, analysis) in zip(files, found, strict=True)}
    data = coverage.get_data()
    data.erase()
    data.add_arcs({file: passed for file, (passed, _) in zip(files, found, strict=True)})
    data.touch_files(files)  # those of which nothing ran
    coverage.save()
    total = coverage.report(skip_covered=True)
    least, precision = coverage.config.fail_under, coverage.config.precision
    if not should_fail_under(total, least, precision):
        return None
    return f"Coverage failure: {total:.{precision}f} % is less than {least} %"


def analyse(path: str, seen: Iterable[Line | Branch]) -> tuple[set[Branch], Analysis]:
    """Return what was seen of a file as coverage.py's arcs, and what coverage.py says of them."""
    coverage, data = _configured(), CoverageData(no_disk=True)
    reporter = PythonFileReporter(path, coverage)
    found = arcs(reporter, seen)
    data.add_arcs({path: found})
    return found, analysis_from_file_reporter(data, coverage.config.precision, reporter, path)


@cache
def _configured() -> Coverage:
    return Coverage(config_file=CONFIGURED)


def arcs(reporter: PythonFileReporter, seen: Iterable[Line | Branch]) -> set[Branch]:
    """Return what was seen of a file as coverage.py's arcs, exits being negative.

    A line is an arc from itself to itself, which says that it ran and nothing more.
    """
    possible: dict[Line, set[Line]] = defaultdict(set)
    ways_in: dict[Line, set[Line]] = defaultdict(set)
    for start, end in reporter.arcs():
        possible[start].add(end)
        ways_in[end].add(start)
    lines = reporter.translate_lines(each for each in seen if isinstance(each, int))
    bodies = dict(_bodies(reporter.source()))
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


def _bodies(source: str) -> Iterator[Branch]:
    """Yield the line of each condition or loop with that at which its body begins."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While):
            yield node.lineno, node.body[0].lineno


if __name__ == "__main__":
    sys.exit(tell())
