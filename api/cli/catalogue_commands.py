"""`shareledger catalogue`: entries searched, shown, withdrawn and frozen.

Withdrawal is by the provider, freezing by order of the competent department. What is filed from
tables stands in `catalogue_filing_commands`, reviews in `review_commands`.
"""

from __future__ import annotations

from typing import Annotated

from node.errors import InvalidInput

from .console import say, t, table
from .help_pages import Commands
from .naming import entry_state_name
from .options import (
    CodeArgument,
    EntryCodeArgument,
    NodeOption,
    OwnConfigOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    ReasonOption,
    argument,
    option,
)
from .taking import Taking, decision, reading

app = Commands(help=t("目录：模板、填报、审核、检索", "the catalogue"))


@app.command(help=t("按词和条件检索已发布的目录，繁简通用", "search the published catalogue"))
def search(
    words: Annotated[
        str | None,
        argument("WORDS", "一个或多个词，以空格分开；不写则列出全部", "words; all without"),
    ] = None,
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
    department: Annotated[
        str | None, option("--department", "提供部门的代码或全称", "provider's code or whole name")
    ] = None,
    share_type: Annotated[
        str | None, option("--share-type", "无条件共享、有条件共享或不予共享", "share type")
    ] = None,
    grade: Annotated[
        str | None, option("--grade", "数据级别：一般1级至一般4级、重要、核心", "grade of the data")
    ] = None,
    update_cycle: Annotated[
        str | None,
        option(
            "--update-cycle",
            "更新周期：实时、每日、每周、每月、每季度、每半年、每年、其他",
            "update cycle",
        ),
    ] = None,
    theme: Annotated[
        str | None,
        option("--theme", "主题：分类的任一级，写全", "a level of the classification, whole"),
    ] = None,
    limit: Annotated[
        int, option("--limit", "最多列出多少条", "at most so many", min=1, max=100)
    ] = 20,
    after: Annotated[
        int, option("--after", "跳过前多少条（翻页）", "results to skip", min=0, max=1_000_000)
    ] = 0,
) -> None:
    """Print the entries that hold all the words, the best first; near misses where few do."""
    from node.documents.finding import Filters

    filters = Filters(department, share_type, grade, update_cycle, theme)
    with reading(config, node, key, password_file) as office:
        found = office.search(words or "", filters, limit=limit, after=after)
    if not found:
        say("没有找到；换个说法，或少写几个词、条件", "nothing found; try fewer words or filters")
        return
    table(
        t("代码,名称,版本,提供部门,共享类型", "code,name,version,provider,share type").split(","),
        [
            [hit[each] for each in ("code", "name", "version", "provider", "shareType")]
            for hit in found
        ],
    )


@decision(app, "申请撤回在用的目录，一次签名一个或多个", "ask to withdraw entries in force")
def withdraw(
    at: Taking,
    department: CodeArgument,
    entries: Annotated[
        list[str], argument("ENTRY=REASON...", "目录代码=理由，可写多个", "the entries, and why")
    ],
) -> None:
    """Signed by the department's head; a reviewer of the competent department decides."""
    fields = {"department": department, "reasons": _reasons(entries)}
    at.take("SubmitWithdrawal", fields)


@app.command(help=t("列出待审核的撤回申请", "list the withdrawals that wait for their review"))
def withdrawals(
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List the withdrawals whose entries still wait, by the document that asks for them."""
    with reading(config, node, key, password_file) as office:
        rows = office.withdrawals()
    table(
        t("申请书,部门,代码,版本,理由", "document,department,code,version,reason").split(","), rows
    )


@decision(app, "审核撤回申请：除 --refuse 外均同意", "agree to a withdrawal, or refuse")
def review_withdrawal(
    at: Taking,
    document: Annotated[str, argument("DOCUMENT", "申请书的摘要", "digest of the request")],
    *,
    competent: Annotated[str, option("--competent", "主管部门代码", "who reviews", metavar="CODE")],
    reviewer: Annotated[str, option("--reviewer", "审核员姓名", "the reviewer")],
    opinion: Annotated[str, option("--opinion", "审核意见", "the opinion")],
    refuse: Annotated[
        list[str] | None,
        option("--refuse", "不同意及理由，可写多次", "refuse it, and why", metavar="ENTRY=REASON"),
    ] = None,
) -> None:
    """Signed by a reviewer of the competent department who did not ask for it himself."""
    said = {"competent": competent, "reviewer": reviewer, "opinion": opinion}
    fields = {"withdrawal": document, "refused": _reasons(refuse or []), **said}
    at.take("ReviewWithdrawal", fields)


def _order(name: str, kind: str, chinese: str, english: str) -> None:
    @decision(app, chinese, english, name=name)
    def order(
        at: Taking,
        department: CodeArgument,
        entry: EntryCodeArgument,
        *,
        competent: Annotated[
            str, option("--competent", "主管部门代码", "who orders", metavar="CODE")
        ],
        reason: ReasonOption,
    ) -> None:
        """Signed by the competent department's head; freezing by its duty officer as well."""
        fields = {"competent": competent, "department": department, "code": entry, "reason": reason}
        at.take(kind, fields)


_order(
    "freeze",
    "FreezeEntry",
    "冻结一个目录：停止对它的一切调用和申请",
    "stop all calls and applications",
)
_order("unfreeze", "UnfreezeEntry", "解除对一个目录的冻结", "lift the freezing of an entry")


@app.command(name="show", help=t("显示一个目录的各版本和状态", "show an entry with its versions"))
def show_(
    department: CodeArgument,
    entry: EntryCodeArgument,
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """Show the state of every version, and whether the entry is frozen."""
    from node.protocol.ledger.enums import EntryState
    from node.protocol.wire.ids import department_id, entry_id

    with reading(config, node, key, password_file) as office:
        found = office.versions(entry_id(department_id(department), entry))
    rows = [
        (each["version"], entry_state_name(EntryState[each["state"].upper()]), each["digest"])
        for each in found["versions"]
    ]
    if found["frozen"]:
        print(t("目录已冻结：不提供调用，也不受理申请", "the entry is frozen"))
    table(t("版本,状态,文件摘要", "version,state,document").split(","), rows)


def _reasons(options: list[str]) -> dict[str, str]:
    reasons = {}
    for given in options:
        code, _, reason = given.partition("=")
        if not reason.strip():
            raise InvalidInput(
                t(f"应写明理由：目录代码=理由（{given}）", f"say ENTRY=REASON ({given})")
            )
        reasons[code.strip()] = reason.strip()
    return reasons
