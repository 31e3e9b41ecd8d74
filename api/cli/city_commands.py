"""`shareledger city`: a whole city from one file, and its servers on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from node.errors import InvalidInput

from .console import put, say, t
from .help_pages import Commands
from .options import argument, option

app = Commands(help=t("一座城市：从一个文件建立、在本机运行", "a whole city from one file"))

FileArgument = Annotated[Path, argument("FILE", "城市文件（TOML）", "the city's file (TOML)")]


@app.command(help=t("建立城市，或从停下处接着办", "make a city, or go on where it stopped"))
def init(
    file: Annotated[
        Path | None, argument("FILE", "城市文件（TOML），见 --example", "the city's file")
    ] = None,
    *,
    example: Annotated[
        bool, option("--example", "打印一份可直接使用的城市文件", "print a file that works")
    ] = False,
    dry_run: Annotated[
        bool, option("--dry-run", "只列出将要办理的各项", "list what would be done")
    ] = False,
) -> None:
    """Make keys, settings, contracts and decisions that are missing; stop what was started."""
    from api.city import plan as plans

    if example:
        put(plans.example().rstrip())
        return
    if file is None:
        raise InvalidInput(t("写明城市文件，或用 --example", "name a file, or give --example"))
    from api.city.builder import City

    plan, base = plans.load_plan(file), file.resolve().parent
    with City(plan, base, tell=say, dry=dry_run) as city:
        count = city.look() if dry_run else city.init()
    if not count:
        say("没有要办的：城市与文件一致", "nothing to do: the city is as its file says")
    elif dry_run:
        say(f"以上 {count} 项尚未办理", f"none of these {count} was done")
    else:
        say(f"已办 {count} 项；运行全城：", f"{count} done; to run it all:")
        put(f"  shareledger city run {file}")
        say("或分别由各自的机器运行：", "or each on its machine:")
        if city.chain.arguments:
            put(f"  shareledger {' '.join(city.chain.arguments)}")
        for node in plan.nodes:
            put(f"  shareledger node run --config {city.settings_file(node)}")


@app.command(help=t("在本机运行链和全部节点，直到收到信号", "run its chain and nodes here"))
def run(file: FileArgument) -> None:
    """Start what `city init` made; a server that ends by itself ends all."""
    from api.city.builder import City
    from api.city.plan import load_plan
    from api.city.processes import Ending

    ending, plan = Ending(), load_plan(file)
    try:
        with ending.possible(), City(plan, file.resolve().parent) as city:
            city.resume()
            beside = t("（早已运行，不由本命令停止）", " (ran before, is left running)")
            tail = "" if city.chain.process else beside
            say(f"链 {plan.chain.address}{tail}", f"chain {plan.chain.address}{tail}")
            for node in plan.nodes:
                server = city.servers.get(node.name)  # a remote one is none of ours
                tail = "" if server and server.process else beside
                say(f"节点 {node.name}：{node.url}{tail}", f"node {node.name}: {node.url}{tail}")
            if not city.started:
                say("全城早已在运行，没有要启动的", "all of it runs already: nothing to start")
                return
            say("按 Ctrl-C 结束", "Ctrl-C ends it")
            city.stay()
    except KeyboardInterrupt:
        say("已停止", "stopped")
