"""What the figures say: before beside after, the other revision's own spread, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.cli.console import t, table

from ..figures import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..figures import Line
    from .generations import Aims
    from .rounds import Found

TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is measured."""

    name: str
    """Its name in the JSON."""
    chinese: str
    english: str
    digits: int
    more_is_better: bool


FIGURES = (
    Figure("calls_per_second", "调用/秒", "calls/s", 0, True),  # noqa: FBT003
    Figure("calls_per_second_two_fronts", "两个应答进程，调用/秒", "calls/s, two fronts", 0, True),  # noqa: FBT003
    Figure("p99_ms_at_80_percent", "其八成负载的 p99，毫秒", "p99 at 80 % of it, ms", 0, False),  # noqa: FBT003
    Figure("front_mebibytes", "应答进程内存，MiB", "memory of a front, MiB", 0, False),  # noqa: FBT003
    Figure("cpu_ms_per_call", "处理器毫秒/次", "processor ms a call", 2, False),  # noqa: FBT003
    Figure("decisions_per_second", "同步决定/秒", "decisions followed/s", 0, True),  # noqa: FBT003
    Figure("events_per_second", "同步小事件/秒", "small events followed/s", 0, True),  # noqa: FBT003
    Figure("appends_per_second", "落盘追加/秒", "durable appends/s", 0, True),  # noqa: FBT003
    Figure("proofs_per_second", "证明/秒（HTTP）", "proofs/s (HTTP)", 0, True),  # noqa: FBT003
    Figure("filing_seconds", "目录报送，秒", "filing a table, s", 2, False),  # noqa: FBT003
    Figure("verify_seconds", "离线验证，秒", "offline verification, s", 2, False),  # noqa: FBT003
    Figure("node_mebibytes", "节点内存，MiB", "memory of a node, MiB", 0, False),  # noqa: FBT003
    Figure("tests_seconds", "make test，秒", "make test, s", 0, False),  # noqa: FBT003
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both builds."""

    figure: Figure
    before: Spread
    after: Spread
    verdict: str
    """`holds`, `worse`, or `short`: not worse, but an aim is missed."""

    @property
    def ratio(self) -> float:
        """After by before."""
        return self.after.median / self.before.median


def compare(before: Found, after: Found, aims: Aims) -> list[Compared]:
    """Compare whatever both have."""
    return [
        _compare(figure, Spread.of(before[figure.name]), Spread.of(after[figure.name]), aims)
        for figure in FIGURES
        if figure.name in before and figure.name in after
    ]


def _compare(figure: Figure, before: Spread, after: Spread, aims: Aims) -> Compared:
    """Judge: worse is what is off by more than five per cent and outside the other's own spread.

    What has a bound of its own is held to that alone.
    """
    if figure.name in aims.most:
        worse = False
    elif figure.more_is_better:
        worse = after.median < min(before.median * (1 - TOLERANCE), before.low)
    elif figure.name in aims.more:
        worse = after.median > before.median + aims.more[figure.name]
    else:
        worse = after.median > max(before.median * (1 + TOLERANCE), before.high)
    wanted, most = aims.ratios.get(figure.name), aims.most.get(figure.name)
    short = wanted is not None and after.median < wanted * before.median
    short |= most is not None and after.median > most
    return Compared(figure, before, after, "worse" if worse else "short" if short else "holds")


def report(
    compared: Sequence[Compared], aims: Aims, revisions: tuple[str, str], noise: Iterable[Line]
) -> dict[str, Any]:
    """Return what `bench-against.json` holds."""
    found: dict[str, Any] = {each.figure.name: _rendered(each, aims) for each in compared}
    found["revisions"] = dict(zip(("before", "after"), revisions, strict=True))
    found["machine"] = {line.english: line.ours for line in noise}
    return found


def _rendered(each: Compared, aims: Aims) -> dict[str, Any]:
    name = each.figure.name
    return {
        "before": round(each.before.median, 4),
        "after": round(each.after.median, 4),
        "ratio": round(each.ratio, 4),
        "before_spread": [round(each.before.low, 4), round(each.before.high, 4)],
        "after_spread": [round(each.after.low, 4), round(each.after.high, 4)],
        "verdict": each.verdict,
        **({"aim_ratio": aims.ratios[name]} if name in aims.ratios else {}),
        **({"may_grow_by": aims.more[name]} if name in aims.more else {}),
        **({"may_be": aims.most[name]} if name in aims.most else {}),
    }


def show(compared: Sequence[Compared], aims: Aims, revisions: tuple[str, str]) -> None:
    """Print the table."""
    words = {
        "holds": t("不差", "holds"),
        "worse": t("变差", "WORSE"),
        "short": t("未达目标", "aim missed"),
    }
    headings = (
        t("指标", "what"),
        t(f"先前 {revisions[0]}：最低", f"before {revisions[0]}: lowest"),
        t("中位", "median"),
        t("最高", "highest"),
        t(f"现在 {revisions[1]}", f"after {revisions[1]}"),
        t("比", "ratio"),
        t("目标", "aim"),
        t("结论", "verdict"),
    )
    rows = [
        (
            t(each.figure.chinese, each.figure.english),
            *(
                f"{value:,.{each.figure.digits}f}"
                for value in (each.before.low, each.before.median, each.before.high)
            ),
            each.after.show(each.figure.digits),
            f"{each.ratio:.2f}",
            _aim(each.figure, aims),
            words[each.verdict],
        )
        for each in compared
    ]
    table(headings, rows)


def _aim(figure: Figure, aims: Aims) -> str:
    if figure.name in aims.ratios:
        return f"≥ {aims.ratios[figure.name]:.2f} ×"
    if figure.name in aims.most:
        return f"≤ {aims.most[figure.name]:.0f}"
    if figure.name in aims.more:
        return f"≤ +{aims.more[figure.name]:.0f}"
    return f"≥ {1 - TOLERANCE:.2f} ×" if figure.more_is_better else f"≤ {1 + TOLERANCE:.2f} ×"
