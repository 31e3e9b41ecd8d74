"""Stages of the demo: progress as it is shown, every figure measured, a closing table.

A check that fails is remembered and printed; the story goes on where it can, so that one run
shows everything that is wrong, and the demo's exit code says that something was.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.cli.console import say, t, table

if TYPE_CHECKING:
    from collections.abc import Iterator

BUDGET_SECONDS = 120


def seconds(value: float) -> str:
    """Write a time in seconds."""
    return t(f"{value:.2f} 秒", f"{value:.2f} s")


def milliseconds(*values: float) -> str:
    """Write times, given in seconds, in milliseconds."""
    shown = " / ".join(f"{value * 1000:.0f}" for value in values)
    return t(f"{shown} 毫秒", f"{shown} ms")


@dataclass
class Stages:
    """What was played, how long it took, what was measured and what failed."""

    started: float = field(default_factory=time.perf_counter)
    seconds: list[tuple[str, float]] = field(default_factory=list)
    figures: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waiting: str = ""

    @contextmanager
    def stage(self, chinese: str, english: str) -> Iterator[None]:
        """Play one stage: its title first, its seconds at the end."""
        title = t(chinese, english)
        number = len(self.seconds) + 1
        print(f"\n━━ {number}. {title}", flush=True)
        begun = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begun
            self.seconds.append((title, spent))
            print(f"   {t('用时', 'took')} {seconds(spent)}", flush=True)

    def tell(self, chinese: str, english: str) -> None:
        print(f"   · {t(chinese, english)}", flush=True)

    def wait(self, reason: str) -> None:
        """Show once what is being waited for."""
        if reason != self.waiting:
            self.waiting = reason
            self.tell(f"等待：{reason}", f"waiting: {reason}")

    def check(self, ok: bool, chinese: str, english: str) -> None:  # noqa: FBT001 - the fact itself
        """Show one fact that was checked, and remember it if it does not hold."""
        text = t(chinese, english)
        print(f"   {'✓' if ok else '✗'} {text}", flush=True)
        if not ok:
            self.failures.append(text)

    def figure(self, chinese: str, english: str, value: str) -> None:
        """Show one measured figure and keep it for the closing table."""
        self.keep(chinese, english, value)
        name, value = self.figures[-1]
        print(f"   # {name}{t('：', ': ')}{value}", flush=True)

    def keep(self, chinese: str, english: str, value: str) -> None:
        self.figures.append((t(chinese, english), value))

    def close(self) -> int:
        """Print the closing table; return the exit code."""
        total = time.perf_counter() - self.started
        print(f"\n━━ {t('总表', 'In figures')}", flush=True)
        rows = [(title, seconds(spent)) for title, spent in self.seconds]
        table(
            (t("阶段", "stage"), t("用时", "time")), [*rows, (t("合计", "total"), seconds(total))]
        )
        print()
        table((t("测得", "measured"), t("数值", "figure")), self.figures)
        if total > BUDGET_SECONDS:
            say(
                f"\n注意：全程超过 {BUDGET_SECONDS} 秒",
                f"\nnote: it all took more than {BUDGET_SECONDS} seconds",
            )
        if self.failures:
            say("\n以下各项不成立：", "\nthese do not hold:")
        for failure in self.failures:
            print(f"✗ {failure}", flush=True)
        return 1 if self.failures else 0
