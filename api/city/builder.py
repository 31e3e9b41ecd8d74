"""A city made, or gone on with: files, chain, contracts, nodes, then the decisions one by one.

Whatever is there already is looked at and kept: key files, settings, the deployment, what stands on
the ledger. So a city that was cut short anywhere is made again by the same call, and one that is
whole costs a look. The servers run for the founding only, unless they run already.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from api.city.processes import Child
from api.cli.console import t
from api.operating.standing import ask_status
from api.parts import Node
from api.settings import load_settings
from node.chain.deployment import DeployedContract, Deployment, check, deploy
from node.chain.gateway import Gateway
from node.errors import Conflict, NotFound, PeerUnavailable, Unavailable, WrongChain
from node.office.departments import LISTED
from node.office.founder import Founder, Nothing, Surroundings
from node.office.founding import ROOT
from node.office.repeats import decide_once
from node.protocol.forms.words import decision_words

from .folders import DATA, DEPLOYMENT, SETTINGS, places, relay_of, settings_of, write_settings
from .keyring import KeyRing
from .plan import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from node.crypto import Signer
    from node.office import Act, Decided
    from node.office.founder import Register, Step

    from .plan import NodePlan, Plan

    Tell = Callable[[str, str], object]

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.01
LOOK_SECONDS = 0.5
UNKNOWN = DeployedContract(bytes(20), bytes(32), 0)
"""Stands for a contract that is not deployed yet, in a dry run."""


class Taken(NamedTuple):
    """A decision this city took, and how long that took, from signing to mined."""

    act: Act
    decided: Decided
    seconds: float


class City:
    """One city's files and servers. Close it: what it started ends with it."""

    def __init__(
        self,
        plan: Plan,
        base: Path,
        *,
        tell: Tell = lambda _chinese, _english: None,
        inherited: tuple[int, ...] = (),
        dry: bool = False,
    ) -> None:
        """Look at nothing yet; `tell` hears of everything done, `dry` writes and starts nothing.

        `inherited` are descriptors the servers are to hold as long as they run.
        """
        self.plan, self.base = plan, base
        self.keys = KeyRing(places(plan, base), made=self._made, dry=dry)
        self.taken: list[Taken] = []
        self.chain = Child(
            t("链", "the chain"), [], base / "chain.log", plan.chain.address, inherited
        )
        self.servers = {
            node.name: Child(
                t(f"节点 {node.name} ", f"node {node.name}"),
                ["node", "run", "--config", str(self.settings_file(node))],
                self._folder(node) / "node.log",
                node.local_url,
                inherited,
            )
            for node in plan.nodes
            if not node.remote
        }
        self._tell, self._dry = tell, dry
        self._done = 0
        self._telling = threading.Lock()
        """Keys are made in threads: guards the count and the order of what is told."""
        self._rewritten: set[str] = set()
        """Nodes whose settings were written now."""
        self._parts: dict[str, Node] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The whole

    def init(self) -> int:
        """Make what is missing; return how many things that was. The servers stay up.

        Raises:
            Conflict: files or ledger contradict the plan, or another one is at it.
            Unavailable: a server does not start or answer; the same call again goes on.
            LedgerError: whatever else a file, the chain or a contract refuses.
        """
        with self._alone():
            self.write_files()
            self.start_chain()
            self.deploy_contracts()
            self.start_nodes()
            self.found()
        return self._done

    def resume(self) -> None:
        """Start the servers of a city that was made.

        Raises:
            NotFound: it was not.
        """
        if not (self.base / DEPLOYMENT).exists():
            raise NotFound(f"{self.base} 里还没有城市：先执行 shareledger city init / run it first")
        self.start_chain()
        self.start_nodes()

    def stay(self) -> None:
        """Wait until a server that was started here ends by itself.

        Raises:
            Unavailable: one has ended.
        """
        pause = threading.Event()
        while not (ended := self.ended):
            pause.wait(LOOK_SECONDS)
        raise Unavailable(
            t(
                f"{ended.name}自行结束，一并启动的随之停止；原因见 {ended.log} 的末尾",
                f"{ended.name} has ended by itself, what was started with it ends too; "
                f"the reason is at the end of {ended.log}",
            )
        )

    def look(self) -> int:
        """Tell what `init` would do, by what is on disk; return how many things that is."""
        self.write_files()
        deployed = (self.base / DEPLOYMENT).exists()
        if not deployed:
            self._note("部署五个合约", "deploy the contracts")
        node = self.plan.nodes[0]
        ledger: Register = Nothing()
        kept = node.storage.url is not None or (self._folder(node) / DATA / "ledger.db").exists()
        if deployed and kept and self.node(node.departments[0]).settings.stores.has("ledger"):
            queries = self.node(node.departments[0]).queries
            ledger = ledger if queries.cursor().filling else queries
        for step in self._founder(ledger, deployed=deployed).steps():
            self._note_step(step)
        return self._done

    # Its parts, in their order

    def write_files(self) -> None:
        """Make passwords, keys and settings that are missing."""
        self.keys.prepare()
        for node in self.plan.nodes:
            taken = node.remote and not self._folder(node).exists()
            if write_settings(
                self.settings_file(node), settings_of(self.plan, node), dry=self._dry
            ):
                if not taken:
                    self._rewritten.add(node.name)
                self._note(f"写 {node.name}/{SETTINGS}", f"write {node.name}/{SETTINGS}")

    def start_chain(self) -> None:
        """Start the embedded chain where it does not run."""
        chain = self.plan.chain
        if chain.url is None and not _listens(chain.port):
            # The first node's relay creates the contracts.
            deployer = self.keys.address(relay_of(self.plan.nodes[0])).hex()
            self.chain.arguments = [
                *("chain", "run", "--data", str(self.base / chain.data_dir)),
                *("--port", str(chain.port), "--chain-id", str(chain.chain_id)),
                *("--deployer", deployer),
            ]
            self.chain.start()

    def deploy_contracts(self) -> None:
        """Deploy the contracts, unless deployment.json is there; give every node its copy.

        Raises:
            WrongChain: the chain is not the one deployment.json names.
            Conflict: deployment.json names another root key, or a node has another file.
        """
        file, root = self.base / DEPLOYMENT, self.keys.public(ROOT)
        with closing(Gateway(self.plan.chain.address)) as gateway:
            if self.plan.chain.url is None and gateway.chain_id() != self.plan.chain.chain_id:
                raise WrongChain(f"{self.plan.chain.address} 是另一条链 / is another chain")
            if file.exists():
                check(gateway, Deployment.load(file))
            else:
                relay = self.keys.relay(relay_of(self.plan.nodes[0]))
                # Killed before the file is written, contracts remain that nobody listens to.
                deploy(gateway, relay, root).save(file)
                self._note("部署五个合约", "deploy the contracts")
        if Deployment.load(file).root_key != root.raw:
            raise Conflict(f"{file} 的根公钥不是 {ROOT}.key 的 / names another root key")
        for node in self.plan.nodes:
            copy = self._folder(node) / DEPLOYMENT
            if not copy.exists():
                Deployment.load(file).save(copy)
            elif copy.read_bytes() != file.read_bytes():
                raise Conflict(f"{copy} 与 {file} 不同 / differs")

    def start_nodes(self) -> None:
        """Start the nodes of this machine that do not run, all at once; await each.

        Raises:
            Conflict: one runs by settings that have changed.
            PeerUnavailable: a node of another machine does not answer.
        """
        started = [self.servers[node.name] for node in self.plan.nodes if not self._runs(node)]
        for server in started:
            server.spawn()
        for server in started:
            server.wait_ready()

    def found(self) -> None:
        """Take the decisions that are missing, each after the one before is seen everywhere."""
        first = self.node(self.plan.nodes[0].departments[0])
        # What was mined before we were cut short must not be decided again.
        self.await_block(first.gateway.head())
        self._founder(first.queries, deployed=True).take(self._take)

    def stop(self) -> None:
        """Stop every server that was started here: nodes first, the chain last."""
        for part in self._parts.values():
            part.stop()
        self._parts.clear()
        for server in self.servers.values():
            server.ask_to_end()
        for server in [*self.servers.values(), self.chain]:
            server.stop()

    @property
    def ended(self) -> Child | None:
        """A server that has ended by itself, or None."""
        return next((server for server in self.started if not server.alive), None)

    @property
    def started(self) -> list[Child]:
        """Servers that were started here, not those that ran before."""
        return [each for each in (self.chain, *self.servers.values()) if each.process]

    # Decisions

    def node(self, code: str) -> Node:
        """Return the parts of the node where a department decides, beside its process.

        That is its own; where that is on another machine, the first.
        """
        node = self.plan.node_of(code)
        node = self.plan.nodes[0] if node.remote else node
        if node.name not in self._parts:
            self._parts[node.name] = Node(load_settings(self.settings_file(node)))
        return self._parts[node.name]

    def nodes(self) -> list[Node]:
        """Return the parts of every node of this machine."""
        return [self.node(node.departments[0]) for node in self.plan.nodes if not node.remote]

    def decide(self, code: str, act: Act, *signers: Signer) -> Decided:
        """Take a decision at a department's desk; wait until every node here has it."""
        node, begun = self.node(code), time.perf_counter()
        decided, _ = decide_once(node.desk, node.repeats, act, *signers)
        self.taken.append(Taken(act, decided, time.perf_counter() - begun))
        self.await_block(decided.block)
        return decided

    def await_block(self, block: int) -> None:
        """Wait until the read model of every node here has applied a block."""
        for node in self.nodes():
            url = node.settings.public_url
            wait_until(
                lambda queries=node.queries: queries.cursor().next_block > block,  # type: ignore[misc]
                t(f"节点 {url} 没有同步到第 {block} 块", f"node {url} lacks block {block}"),
            )

    def settings_file(self, node: NodePlan) -> Path:
        return self._folder(node) / SETTINGS

    # Within

    def _folder(self, node: NodePlan) -> Path:
        return self.base / node.name

    def _founder(self, ledger: Register, *, deployed: bool) -> Founder:
        codes = {code: node for node in self.plan.nodes for code in node.departments}
        contracts = dict.fromkeys(LISTED, UNKNOWN)
        if deployed:
            contracts = Deployment.load(self.base / DEPLOYMENT).contracts
        around = Surroundings(
            {code: node.url for code, node in codes.items()},
            {code: self.keys.address(relay_of(node)) for code, node in codes.items()},
            contracts,
        )
        return Founder(self.plan.founding, self.keys, ledger, self._find_paper, around)

    def _find_paper(self, digest: bytes) -> bytes | None:
        found = (part.store.find(digest) for part in self._parts.values())
        return next((data for data in found if data is not None), None)

    def _runs(self, node: NodePlan) -> bool:
        """Tell whether a node answers.

        Raises:
            PeerUnavailable, Conflict: as `start_nodes`.
        """
        url = node.url if node.remote else node.local_url
        status, _ = ask_status(url)
        if status is None and node.remote:
            raise PeerUnavailable(
                f"节点 {node.name}（{url}）没有应答：请把目录 {self._folder(node)} "
                f"复制到它的机器上，在那里执行 shareledger node run --config {SETTINGS}，"
                "再执行同一条命令；办完后可删去这里的一份"
                " / copy its folder to its machine and start it there"
            )
        if status is None:
            return False
        served = [each.get("code") for each in status.get("departments", ())]
        if sorted(served) != sorted(node.departments) or node.name in self._rewritten:
            raise Conflict(
                f"{url} 上的节点以别的配置在运行：请先停下它，再执行同一条命令"
                " / the node there runs by other settings; stop it first"
            )
        return True

    def _made(self, file: Path) -> None:
        shown = file.relative_to(self.base) if file.is_relative_to(self.base) else file
        self._note(f"生成 {shown}", f"make {shown}")

    def _note(self, chinese: str, english: str) -> None:
        with self._telling:
            self._done += 1
            self._tell(chinese, english)

    def _take(self, step: Step, *signers: Signer) -> None:
        self.decide(step.department, step.act, *signers)
        self._note_step(step)

    def _note_step(self, step: Step) -> None:
        chinese, english = decision_words(step.act.kind, step.act.message)
        self._note(f"{chinese}：{step.about}", f"{english}: {step.about}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.base.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.base / ".city.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict("另一个命令正在办理这座城市 / another command is at it") from error
            yield
        finally:
            os.close(descriptor)


def wait_until(holds: Callable[[], Any], what: str) -> None:
    """Wait for a condition.

    Raises:
        Unavailable: it did not come about within 20 seconds.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise Unavailable(what)
        time.sleep(POLL_SECONDS)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
