"""`shareledger inbox`: what waits for the holder of a key, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .console import say, t, table
from .naming import moment_of, spoken
from .options import (
    NodeOption,
    OwnConfigOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    option,
)
from .taking import reading

if TYPE_CHECKING:
    from api.lookups import Wire


def inbox(
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
    after: Annotated[int, option("--after", "跳过前多少条（翻页）", "how many to skip", min=0)] = 0,
    limit: Annotated[
        int, option("--limit", "最多列出多少条", "at most so many", min=1, max=1_000)
    ] = 100,
) -> None:
    """List what waits for whose key is given; a full page says how to go on."""
    with reading(config, node, key, password_file) as office:
        found = office.inbox(after, limit)
    if not found["tasks"]:
        say("没有待办", "nothing waits")
        return
    table(
        t(
            "事项,目录,版本,授权,对方,等待自,文件",
            "what,entry,version,authorisation,who waits,since,paper",
        ).split(","),
        [
            (
                _what(each),
                f"{each['code']} {each['name']}".rstrip(),
                each["version"],
                "—" if each["authorisation"] is None else each["authorisation"],
                each["asking"],
                moment_of(each["since"]),
                each["digest"],
            )
            for each in found["tasks"]
        ],
    )
    if found["next"] is not None:
        say(f"还有更多：--after {found['next']}", f"there is more: --after {found['next']}")


def _what(task: Wire) -> str:
    named = {
        "review": t("审核目录", "review an entry"),
        "review-withdrawal": t("审核撤回", "review a withdrawal"),
        "reply": t("答复申请", "reply"),
    }
    steps = t("、", ", ").join(spoken(each) for each in task["steps"])
    return named.get(task["sort"], steps)
