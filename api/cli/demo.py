"""`shareledger demo`: the whole story on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import t


def demo(
    *,
    leave: Annotated[
        bool,
        typer.Option("--exit", help=t("演完即退出，不让城市继续运行", "end after the story")),
    ] = False,
    rows: Annotated[
        int,
        typer.Option("--rows", min=1_000, help=t("每个数据源的行数", "rows a source")),
    ] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help=t("合成数据的种子", "seed of the data"))] = 7,
) -> None:
    """Play the story; the exit code says whether everything held."""
    from api.demo.play import Play

    raise typer.Exit(Play(rows=rows, seed=seed, keep_up=not leave).run())
