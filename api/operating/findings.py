"""A finding of `node check`: one line, and what becomes of an error on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import LedgerError, reason

from .reasons import storing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .inspection import Inspection

    Check = Callable[[Inspection], "Iterator[Finding]"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is right, and if not, what to do."""

    id: str
    """Stable name of the check."""
    ok: bool
    text: str
    english: str
    advice: str = ""
    """What to do; also where all is right still, but not for long."""
    advice_english: str = ""


def right(name: str, text: str, english: str, *advice: str) -> Finding:
    """Return a finding that all is well; `advice` where it will not be for long."""
    return Finding(name, True, text, english, *advice)  # noqa: FBT003 - its very meaning


def wrong(name: str, text: str, english: str, *advice: str) -> Finding:
    """Return a finding with what to do, in Chinese and in English."""
    return Finding(name, False, text, english, *advice)  # noqa: FBT003 - as above


def guarded(at: Inspection, name: str, chinese: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; what it raises is a finding, too."""
    try:
        with storing(at.settings.data_dir):
            yield from check(at)
    except LedgerError as error:
        yield _failed(at, name, chinese, error)


def _failed(at: Inspection, name: str, chinese: str, error: LedgerError) -> Finding:
    known = error.message in at.said
    at.said.add(error.message)
    if known:
        return wrong(
            name,
            f"{chinese}：无法核对，原因同上",
            f"{name}: could not be checked, see above",
            "先解决上面那一项",
            "mend that first",
        )
    advice = ADVICE.get(error.code, ("按上面所说改正后再核对一次", "mend it and check again"))
    why = reason(error.__cause__) if isinstance(error.__cause__, OSError) else ""
    said = error.chinese if why in error.chinese else f"{error.chinese}（{why}）"
    return wrong(name, f"{chinese}：{said}", f"{name}: {error.message}", *advice)


ADVICE = {
    "chain-unavailable": (
        "核对 chain_url，链的端点是否在运行、能否连通（curl）",
        "is chain_url right, does the endpoint run and can it be reached?",
    ),
    "wrong-chain": (
        "chain_url 与 deployment.json 不是同一条链：向主管部门核对 deployment.json",
        "chain_url and deployment.json are of two chains: compare deployment.json with the others",
    ),
    "log-rolled-back": (
        "磁盘可能被回退：不要启动节点；恢复最新的 log.db 和 node.db，确已丢失则 log supersede",
        "the disk went back in time: do not start; restore the newest log.db and node.db",
    ),
}
