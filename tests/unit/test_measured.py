"""What probes saw is told as a tracer would have: the same statements, the same branches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from slipcover import Slipcover
from slipcover.branch import preinstrument

from tests.common.measured import arcs

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

    probes = Slipcover(branch=True, immediate=True)
    tree = preinstrument(ast.parse(SAMPLE))
    run(path, probes.instrument(compile(tree, str(path), "exec")), values)
    told = Coverage(data_file=str(tmp_path / "told"), branch=True, config_file=False)
    seen = {*probes.all_seen[str(path)], *probes.newly_seen[str(path)]}
    told.get_data().add_arcs({str(path): arcs(str(path), seen, told)})

    traced = Coverage(
        data_file=str(tmp_path / "traced"), branch=True, include=[str(path)], config_file=False
    )
    with traced.collect():
        run(path, compile(SAMPLE, str(path), "exec"), values)

    assert missed(told, path) == missed(traced, path)
