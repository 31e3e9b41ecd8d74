"""The file a city is made from: chain, keys, nodes, and who takes part (`node.office.founding`).

What becomes a paper has the paper's member names, what becomes settings the settings' names. Paths
are relative to the file.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from datetime import datetime, timedelta
from importlib import resources
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson
from pydantic import ConfigDict, Field, ValidationError, model_validator

from api.settings import (
    AnchoringSettings,
    Authority,
    ConsoleSettings,
    DepartmentCode,
    HttpUrl,
    LimitSettings,
    LoggingSettings,
    MetricsSettings,
    SourceSettings,
    StorageSettings,
    TilesSettings,
)
from node.errors import ConfigInvalid, MalformedDocument, not_toml, reason
from node.office.founding import DepartmentPlan, Founding  # noqa: TC001 - pydantic reads it
from node.protocol.forms import BEIJING
from node.protocol.forms.fields import Part
from node.protocol.forms.misfits import counted, invalid_setting
from node.protocol.forms.words import called_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SIZE_LIMIT_BYTES = 4 * 1024 * 1024
DEFAULT_CHAIN_ID = 20_260_101
LOOPBACK = "127.0.0.1"
ANY = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
"""Hosts that stand for every address of the machine."""
EXAMPLE_YEARS = 5
_NAME = r"^[0-9a-z][0-9a-z-]{0,31}$"


class _Section(Part):
    """Names as settings have them."""

    model_config = ConfigDict(alias_generator=None, use_attribute_docstrings=True)


class ChainPlan(_Section):
    """The chain: one that is there (`url`), or the embedded one, run here."""

    url: HttpUrl | None = None
    """JSON-RPC address of a chain that others run."""
    port: int = Field(default=8545, ge=1, le=65_535)
    """Of the embedded chain, on loopback."""
    chain_id: int = Field(default=DEFAULT_CHAIN_ID, ge=1)
    """Of the embedded chain."""
    data_dir: str = "chain"
    """Of the embedded chain."""

    @property
    def address(self) -> str:
        return self.url or f"http://{LOOPBACK}:{self.port}"


class KeysPlan(_Section):
    """Where the keys are that no node needs: the root's, officers', applications'."""

    folder: str = "keys"
    password_file: str | None = None
    """Password of these files; FOLDER/password if not given, made if missing."""


class NodePlan(_Section):
    """A node; its folder, NAME beside the file, has all it needs and may be taken elsewhere."""

    name: str = Field(pattern=_NAME)
    departments: tuple[DepartmentCode, ...] = Field(min_length=1)
    """Codes of those it serves."""
    port: int = Field(ge=1, le=65_535)
    host: str = LOOPBACK
    """Address to listen on."""
    public_url: HttpUrl | None = None
    """What others reach it by; http://HOST:PORT if not given."""
    authorities: tuple[Authority, ...] = ()
    """Values of Host a request may name; that of `public_url` if not given."""
    remote: bool = False
    """Its folder is taken to another machine and started there."""
    storage: StorageSettings = StorageSettings()
    tiles: TilesSettings = TilesSettings()
    anchoring: AnchoringSettings = AnchoringSettings()
    limits: LimitSettings = LimitSettings()
    logging: LoggingSettings = LoggingSettings()
    metrics: MetricsSettings = MetricsSettings()
    console: ConsoleSettings = ConsoleSettings()

    @property
    def url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def local_url(self) -> str:
        """What it announces on the machine it runs on."""
        return f"http://{self.host}:{self.port}"


class _Listener(NamedTuple):
    host: str
    port: int
    who: str


class Plan(_Section):
    """Everything the file says, but for what becomes papers."""

    chain: ChainPlan = ChainPlan()
    keys: KeysPlan = KeysPlan()
    nodes: tuple[NodePlan, ...] = Field(min_length=1)
    sources: Mapping[DepartmentCode, tuple[SourceSettings, ...]] = Field(default_factory=dict)
    """By department code: the data behind its entries."""
    founding: Founding

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [*self._wrongly_served(), *self._wrong_nodes()]
        if wrong:
            raise ValueError("；".join(wrong))
        return self

    def _wrongly_served(self) -> Iterator[str]:
        served = [code for node in self.nodes for code in node.departments]
        enrolled = {each.code: each for each in self.founding.departments}
        for code in _repeated(each.code for each in self.founding.departments):
            yield f"统一社会信用代码 {code} 在 [[departments]] 里写了不止一次"
        for code in _repeated(served):
            yield f"{code} 在 [[nodes]] 里写了不止一次，只能由一个节点服务"
        for code in sorted(set(served) - enrolled.keys()):
            yield f"[[nodes]] 的 {code} 不在 [[departments]] 里"
        for each in enrolled.values():
            if each.code not in served:
                yield f"{each.code} 没有节点服务"
            elif each.host is not None and (
                each.host == each.code or each.host not in self.node_of(each.code).departments
            ):
                yield f"{each.code} 的受托部门 {each.host} 不在同一个节点"

    def _wrong_nodes(self) -> Iterator[str]:
        for one, other in combinations(self._listeners(), 2):
            if one.port == other.port and (one.host == other.host or {one.host, other.host} & ANY):
                yield f"端口 {one.port} 不能既给 {one.who}，又给 {other.who}"
        urls = [node.storage.url for node in self.nodes if node.storage.url is not None]
        if len(set(urls)) < len(urls):
            yield "两个节点用同一个数据库"
        folders = [*(node.name for node in self.nodes), self.keys.folder, self.chain.data_dir]
        if len(set(folders)) < len(folders):
            yield "节点、密钥和链的目录重名"
        first = self.nodes[0]
        if first.remote or self.founding.departments[0].code not in first.departments:
            yield "第一个节点服务第一个部门，且不得在别处"
        if self.chain.url is None and any(node.remote for node in self.nodes):
            yield "内嵌链只在本机：有别处的节点（remote）时，[chain] 须写 url"

    def _listeners(self) -> Iterator[_Listener]:
        """Yield what listens on this machine."""
        if self.chain.url is None:
            yield _Listener(LOOPBACK, self.chain.port, "内嵌链（[chain] port）")
        for node in self.nodes:
            if not node.remote:
                yield _Listener(node.host, node.port, f"节点 {node.name}")
                if node.metrics.port is not None:
                    said = f"节点 {node.name} 的指标（[nodes.metrics] port）"
                    yield _Listener(LOOPBACK, node.metrics.port, said)

    def node_of(self, code: str) -> NodePlan:
        return next(node for node in self.nodes if code in node.departments)

    def served_by(self, node: NodePlan) -> list[DepartmentPlan]:
        return [self.founding.get(code) for code in node.departments]


def _repeated(codes: Iterable[str]) -> list[str]:
    return [code for code, times in Counter(codes).items() if times > 1]


def parse_plan(values: Mapping[str, Any], name: str) -> Plan:
    """Read a city from the values of its file, called `name`.

    Raises:
        ConfigInvalid: naming the members that are missing, unknown or wrong.
        MalformedDocument: members contradict each other.
    """
    given = dict(values)
    period = {each: given.pop(each) for each in ("validFrom", "validUntil") if each in given}
    people, sources = [], {}
    for each in given.pop("departments", ()):
        own = dict(each) if isinstance(each, dict) else {}
        if "sources" in own:
            sources[str(own.get("code"))] = own.pop("sources")
        people.append(own)
    given["founding"] = {**period, "departments": people}
    try:
        plan = Plan.model_validate_json(orjson.dumps({**given, "sources": sources}))
    except (ValidationError, orjson.JSONEncodeError) as error:
        wrong = [str(error)]
        if isinstance(error, ValidationError):
            wrong = [
                invalid_setting({**one, "loc": _written(one["loc"])}, called_member)
                for one in error.errors(include_url=False)
            ]
        raise ConfigInvalid(f"{name}：{'；'.join(wrong)}", path=name, wrong=wrong) from None
    if problems := list(plan.founding.problems()):
        wrong = [
            f"{called_member(*counted(_written(path)))}：{why}（{value}）"
            for path, why, value in problems
        ]
        raise MalformedDocument(f"{name}：{'；'.join(wrong)}", problems=list(map(tuple, problems)))
    return plan


def _written(path: Iterable[str | int]) -> list[str | int]:
    """Return a place as the file has it, which writes the founding's members at its top."""
    return [part for part in path if part != "founding"]


def load_plan(path: Path) -> Plan:
    """Read a city's file.

    Raises:
        ConfigInvalid, MalformedDocument: as `parse_plan`; the file cannot be read or is not TOML.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.loads(file.read(SIZE_LIMIT_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        said = reason(error) if isinstance(error, OSError) else not_toml(error)
        raise ConfigInvalid(f"{path} 读不出：{said}", path=str(path)) from error
    return parse_plan(values, str(path))


def example() -> str:
    """Return the text of a city that works as it stands, from today on."""
    today = datetime.now(BEIJING).date()
    until = today.replace(day=1) + timedelta(days=365 * EXAMPLE_YEARS)
    text = resources.files(__package__).joinpath("example.toml").read_text("utf-8")
    return text.replace("2026-01-01", f"{today}").replace("2030-12-31", f"{until}")
