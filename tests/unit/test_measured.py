"""What probes saw is told as a tracer would have: the same statements, the same branches."""

from __future__ import annotations

import dis
import sys
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from coverage.python import PythonFileReporter

from tests.common.measured import arcs

if sys.version_info >= (3, 12):
    pytest.skip("there SlipCover has events, and no probes of ours", allow_module_level=True)

from tests.common.probes import JUMP, Loader, kept_code, with_probes

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

SAMPLE = '''\
"""A way for everything that branches."""

from contextlib import suppress


def judge(value):
    if value == 0:
        return "zero"
    elif value < 0:
        kind = "negative"
    else:
        kind = "positive"
    with suppress(KeyError):
        if value == 7:
            raise KeyError(
                value,
            )
    for each in range(value):
        if each == 3:
            break
        if each == 4:
            continue
    else:
        kind += "!"
    match value:
        case 1 | 2:
            kind += "few"
        case int() if value > 100:
            kind += "many"
        case _:
            pass
    try:
        {}[value] if value == 5 else int("x" if value == 6 else "1")
    except KeyError:
        kind += "key"
    except ValueError:
        kind += "value"
    finally:
        kind += "."
    while value > 0:
        value -= 2
    if value:
        kind += "odd"
'''


def run(path: Path, code: CodeType, values: list[int]) -> None:
    names: dict[str, object] = {"__name__": path.stem}
    exec(code, names)  # noqa: S102 - the sample above
    for value in values:
        names["judge"](value)  # type: ignore[operator]


def missed(coverage: Coverage, path: Path) -> tuple[list[int], dict[int, list[int]]]:
    found = coverage._analyze(str(path))
    return sorted(found.missing), dict(found.missing_branch_arcs())


@pytest.mark.parametrize(
    "values", [[], [0], [-1], [1], [5], [6], [7], [200], [3, 4], [-2, 0, 1, 2, 4, 5, 6, 7, 101]]
)
def test_probes_tell_what_a_tracer_tells(tmp_path: Path, values: list[int]) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE)

    seen: set[int | tuple[int, int]] = set()
    run(path, with_probes(kept_code(path), seen), values)
    told = Coverage(data_file=str(tmp_path / "told"), branch=True, config_file=False)
    told.get_data().add_arcs({str(path): arcs(PythonFileReporter(str(path), told), seen)})

    traced = Coverage(
        data_file=str(tmp_path / "traced"), branch=True, include=[str(path)], config_file=False
    )
    with traced.collect():
        run(path, compile(SAMPLE, str(path), "exec"), values)

    assert missed(told, path) == missed(traced, path)


def calls(code: CodeType) -> tuple[int, int]:
    """Count the probes of code and what it calls that are not passed yet, and that were."""
    text = code._co_code_adaptive  # type: ignore[attr-defined]
    nop = dis.opmap["NOP"]
    waiting = sum(text[at] == nop and text[at + 1] > 0 for at in range(0, len(text), 2))
    passed = sum(
        text[at] == JUMP and text[at + 2] == dis.opmap["PUSH_NULL"]
        for at in range(0, len(text) - 2, 2)
    )
    for each in code.co_consts:
        if isinstance(each, type(code)):
            more = calls(each)
            waiting, passed = waiting + more[0], passed + more[1]
    return waiting, passed


def test_a_probe_is_jumped_over_once_it_was_passed(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE)
    seen: set[int | tuple[int, int]] = set()
    code = with_probes(kept_code(path), seen)
    every, none = calls(code)
    assert none == 0
    # Often enough for the interpreter to have its own forms of the instructions.
    run(path, code, [0, -1, 1, 5, 6, 7, 200, 3, 4] * 20)
    waiting, passed = calls(code)
    assert waiting + passed == every
    assert passed >= len(seen) > waiting
    seen.clear()
    run(path, code, [0, -1, 1, 5, 6, 7, 200, 3, 4])
    assert seen == set()


def test_copied_code_notes_too_and_nothing_is_written_into_what_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE)
    seen: set[int | tuple[int, int]] = set()
    copied = with_probes(kept_code(path), seen).replace(co_name="copied")
    run(path, copied, [])
    assert seen


def test_what_was_made_of_a_source_is_kept_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text("VALUE = 1\n")
    loader = Loader("sample", str(path))
    found = []
    for text in ("VALUE = 1\n", "VALUE = 1\n", "VALUE = 22\n"):
        path.write_text(text)
        names: dict[str, object] = {}
        exec(loader.get_code("sample"), names)  # noqa: S102 - the text above
        found.append(names["VALUE"])
    assert found == [1, 1, 22]
