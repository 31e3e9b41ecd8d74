"""`shareledger plumbing`: low-level tools for those who build on the product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import say, t
from .wording import Commands

app = Commands(help=t("底层工具", "low-level tools"))


@app.command(help=t("写出 OpenAPI 文档（覆盖）", "write the OpenAPI document, replacing it"))
def openapi(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=t("写到这个文件", "file to write"))
    ],
) -> None:
    """Write the API's description as the server serves it."""
    from api.app import openapi_document

    output.write_bytes(openapi_document())
    say(f"已写入 {output}", f"wrote {output}")
