"""The sources of a node, looked at beside the entries they serve: for `node check` and each start.

What `node.service.sources.fitness` finds becomes a line here, with what to do. A start is not held
up: a source that is down or unfit refuses its own calls, and the operational log says why.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from node.errors import LedgerError, NotFound, SourceUnavailable
from node.protocol.forms import parse
from node.protocol.wire import ids
from node.service.sources import SqlSource
from node.service.sources.fitness import examine

from .findings import right, wrong
from .journal import told
from .reasons import naming, os_error

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ledger_sync.queries import Queries
    from node.documents.store import DocumentStore
    from node.service.sources.fitness import Declared, Remark

    from ..settings import SourceSettings
    from .findings import Finding

    Bound = tuple[str, SourceSettings, SqlSource]
    """The code of a department, one of its sources, and that source."""

logger = logging.getLogger(__name__)

_SAID = {
    "key": (
        "键 {names} 有重复或空值（{detail}）",
        "the key {names} is unfit: {detail}",
        "给键建主键或唯一约束，或换一列作 key",
        "make the key unique and not null, or choose another column",
    ),
    "key-unproven": (
        "时限内核对不完键 {names} 是否唯一",
        "key {names}: not proven unique in time",
        "给键建唯一约束",
        "give it a unique constraint",
    ),
    "closed": (
        "{names} 的列是不能共享的类型",
        "{names}: columns of types that are not shared",
        "建视图转成文字或数，再改 table",
        "serve a view that casts them",
    ),
    "row": (
        "{names} 有不能答复的值：{detail}（哪一行见运行日志 source-unfit）",
        "{names}: a value that cannot be shared: {detail} (its row: source-unfit in the log)",
        "改好数据，或建视图换成空值、规范的写法",
        "mend the data, or serve a view",
    ),
    "no-column": (
        "目录有而 columns 没写：{names}",
        "items without a column: {names}",
        "补上，否则要这些项的调用一律被拒",
        "add them, or calls for them are refused",
    ),
    "no-item": (
        "columns 写了而目录没有：{names}",
        "columns without an item: {names}",
        "核对信息项代码",
        "look at the item codes",
    ),
    "type": (
        "列的类型与目录不符：{names}",
        "columns of another type than declared: {names}",
        "改目录的类型，或建视图转换",
        "change the entry or serve a view that casts",
    ),
    "scale": (
        "列的小数位比目录多：{names}",
        "columns with more places than declared: {names}",
        "位数用得上的值会被拒绝：改目录，或建视图舍入",
        "values that use them are refused: change the entry, or round in a view",
    ),
    "nullable": (
        "目录写不可为空而列可为空：{names}",
        "nullable columns of items that are not: {names}",
        "核对目录，或给列加非空约束",
        "look at the entry, or forbid nulls",
    ),
    "writes": (
        "账户能写这张表",
        "the account may change the table",
        "换一个只有 SELECT 权限的账户",
        "use an account that may only SELECT",
    ),
}
"""By the code of a remark: what it is and what to do, Chinese and English."""
_LOOK = (
    "核对 [[departments.sources]] 的 url、table、columns、key，驱动、账号权限",
    "look at url, table, columns, key, the driver, and what the account may read",
)


def open_source(source: SourceSettings) -> SqlSource:
    """Return the source of the settings; nothing is connected to yet.

    Raises:
        ConfigInvalid: its URL is none, or its driver is missing.
    """
    with naming(f"目录 {source.entry} 的数据源", source.table, "url 有误，或缺少数据库驱动"):
        return SqlSource(
            source.url, source.table, source.columns, source.key, seconds=source.seconds
        )


def items_of(
    queries: Queries | None, store: DocumentStore | None, code: str, entry: str
) -> Sequence[Declared] | None:
    """Return the items of an entry's version in force; None while it is not known here."""
    if queries is None or store is None:
        return None
    try:
        fact = queries.get_entry(ids.entry_id(ids.department_id(code), entry))
    except NotFound:
        return None
    data = store.find(fact.digest)
    return None if data is None else tuple(parse(data).body.items)


def look(
    code: str, source: SourceSettings, items: Sequence[Declared] | None, opened: SqlSource
) -> Iterator[Finding]:
    """Yield what is wrong with a source and what an operator should look at, or that it is fit."""
    name, english = f"数据源 {code} {source.entry}", f"source {code} {source.entry}"
    try:
        if opened.file is not None:
            with opened.file.open("rb"):
                pass
        remarks = list(examine(opened, items))
    except OSError as error:
        yield failed(code, source, os_error(error, "url", opened.file))
        return
    except LedgerError as error:
        yield failed(code, source, error)
        return
    yield from (_finding(name, english, source.table, remark) for remark in remarks)
    if not any(remark.fatal for remark in remarks):
        yield right("sources", f"{name}：表 {source.table} 可以查询", english)


def failed(code: str, source: SourceSettings, error: LedgerError) -> Finding:
    """Return the finding that a source cannot be looked at."""
    cause = "" if error.__cause__ is None else f"（{told(error.__cause__)}）"
    down = isinstance(error, SourceUnavailable)
    said = "数据库没有应答，或表、列、键与配置不符" if down else error.chinese
    return wrong(
        "sources",
        f"数据源 {code} {source.entry}：表 {source.table}：{said}{cause}",
        f"source {code} {source.entry}: table {source.table}: {error.message}{cause}",
        *_LOOK,
    )


def _finding(name: str, english: str, table: str, remark: Remark) -> Finding:
    said = [
        each.format(names="、".join(remark.names), detail=remark.detail)
        for each in _SAID[remark.code]
    ]
    return (wrong if remark.fatal else right)(
        "sources",
        f"{name}：表 {table}：{said[0]}",
        f"{english}: table {table}: {said[1]}",
        *said[2:],
    )


def tell(
    bound: Iterable[Bound],
    find_items: Callable[[str, str], Sequence[Declared] | None],
    stop: threading.Event,
) -> None:
    """Look at every source once and write to the operational log what is not as it should be."""
    for code, source, opened in bound:
        if stop.is_set():
            return
        try:
            found = list(look(code, source, find_items(code, source.entry), opened))
        except Exception as error:  # noqa: BLE001 - below
            # Whatever a driver does, no node ends by it: its calls are refused with a receipt.
            # Its own words stay out: a driver repeats URLs with passwords, and values of rows.
            logger.error(  # noqa: TRY400 - as above
                "目录 %s 的数据源无法检查（%s）/ the source could not be looked at",
                source.entry,
                type(error).__name__,
            )
            continue
        for finding in found:
            if finding.advice:
                logger.warning("%s → %s / %s", finding.text, finding.advice, finding.english)
