"""`shareledger application call`: one checked call as `call.json` says, its receipt kept.

A contractor's first call, and an operator's way to see that a grant works; programs use a client
(docs/clients.md).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.errors import LedgerError

from .console import EXIT_UNPROVEN, note, put, say, t, table
from .department_commands import systems
from .options import argument, option

if TYPE_CHECKING:
    from node.client.calls import Answer, LedgerClient


@systems.command(help=t("调用一次，核验并保存回执", "make one call, verify and keep its receipt"))
def call(
    file: Annotated[Path, argument("FILE", "调用文件 call.json", "the file call.json")],
    *,
    upgrade: Annotated[
        bool,
        option(
            "--upgrade",
            "不调用，只把已保存的回执升级到已上链",
            "call nothing: upgrade the kept receipts",
        ),
    ] = False,
    as_json: Annotated[bool, option("--json", "输出 JSON", "print JSON")] = False,
) -> None:
    """Ask the provider's node; what it cannot prove is refused, what it gives is kept first."""
    from node.client.callfile import open_client

    with open_client(file) as (client, said):
        if upgrade:
            _upgrade(client)
            return
        try:
            answer = client.query(said.authorisation, **said.question)
        except LedgerError as error:
            if error.facts.get("kept"):
                kept = error.facts["kept"]
                note(f"该拒绝的回执已核验并保存：{kept}", f"receipt of the refusal: {kept}")
            raise
    if as_json:
        put(json.dumps(_members(answer), ensure_ascii=False, indent=2))
        return
    table(said.items, ([row.get(item) for item in said.items] for row in answer.rows))
    say(
        f"{len(answer.rows)} 行，已核验；今日还可调用 {answer.remaining_calls} 次",
        f"{len(answer.rows)} rows, verified; {answer.remaining_calls} calls left today",
    )
    say(f"回执：{answer.kept}", f"receipt: {answer.kept}")


def _upgrade(client: LedgerClient) -> None:
    done = client.upgrade_kept()
    say(
        f"已上链 {done.upgraded} 份，等待 {done.waiting} 份",
        f"{done.upgraded} anchored, {done.waiting} waiting",
    )
    for path, error in done.failed:
        note(f"✗ {path} [{error.code}] {error.chinese}", f"✗ {path} [{error.code}] {error.message}")
    if done.failed:
        raise typer.Exit(EXIT_UNPROVEN)


def _members(answer: Answer) -> dict[str, object]:
    return {
        "rows": answer.rows,
        "next": answer.next,
        "masked": answer.masked,
        "asOf": answer.as_of,
        "event": answer.event.hex(),
        "receipt": str(answer.kept),
    }
