"""`shareledger paper`: blank forms, and documents as they stand here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from .console import put, say, t
from .help_pages import Commands
from .opening import open_node
from .options import ConfigOption, OutputOption, argument

app = Commands(help=t("文书：空白表单、查看", "papers: blank forms, reading"))


class Form(StrEnum):
    """The forms there are."""

    DEPARTMENT = "department"
    APPLICATION = "application"
    REFUSALS = "refusals"
    TERMS = "terms"


@app.command(help=t("写出带说明的空白表单（TOML）", "write a form that explains itself"))
def template(
    form: Annotated[
        Form,
        argument(
            "FORM",
            "department 部门登记；application 共享申请；refusals 不予共享；terms 附加条件",
            "department, application, refusals or terms",
        ),
    ],
    output: OutputOption,
) -> None:
    """Write a blank form; an existing file is refused."""
    from node.errors import AlreadyExists, ConfigInvalid

    from .blanks import blank_form

    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(blank_form(form.value))
    except FileExistsError as error:
        raise AlreadyExists(f"{output} 已存在 / exists", path=str(output)) from error
    except OSError as error:
        raise ConfigInvalid(f"{output} 写不进 / cannot be written: {error.strerror}") from error
    say(f"已写入 {output}", f"wrote {output}")


@app.command(help=t("显示本节点所存的一份文书", "print a document that is here"))
def show(
    digest: Annotated[str, argument("DIGEST", "摘要，64 位十六进制", "its digest, 64 hex")],
    config: ConfigOption,
) -> None:
    """Print a document of this node's store, members in their order of the alphabet."""
    from json import dumps, loads

    from node.protocol.wire.encoding import hex32

    with open_node(config) as node:
        data = node.store.get(hex32(digest))
    put(dumps(loads(data), ensure_ascii=False, indent=2))
