"""Settings of one node: a TOML file, each value overridable by a `SHARELEDGER_` variable.

Read once, by the composition root; everything below gets plain arguments. Nothing has an unsafe
default: whatever opens, signs or listens is named in the file. Paths are relative to the file.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from node.crypto.passwords import read_password
from node.errors import ConfigInvalid, not_toml, reason
from node.protocol.forms.misfits import invalid_setting
from node.storage.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.log.tilestore import Place

ENVIRONMENT_PREFIX = "SHARELEDGER_"


MAX_FILE_BYTES = 1_048_576


def _url(text: str) -> str:
    """Return a base URL without the slash at its end, if it can be asked at all."""
    wrong = ValueError("应为网址，如 http://127.0.0.1:8601")
    try:
        parts = urlsplit(text)
        named, _port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not named or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise wrong
    return text.rstrip("/")


def _plain(path: object) -> object:
    if isinstance(path, str) and ("\0" in path or not path.strip()):
        raise ValueError("不是文件路径")
    return path


DepartmentCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
HttpUrl = Annotated[str, AfterValidator(_url)]
FilePath = Annotated[Path, BeforeValidator(_plain)]
RoleName = Literal["数据专管员", "工作机构负责人", "部门负责人", "审核员", "审计员", "值班员"]
Authority = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[a-zA-Z0-9.\-\[\]:]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _database(url: str) -> str:
    """Return the URL of a PostgreSQL database without a password, which would be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < len("/d"):
        raise ValueError("应为 postgresql://用户@主机:端口/数据库")
    if parts.password is not None or "password" in parts.query:
        raise ValueError("不得写口令，请放在 password_file 所指的文件里，或 PGPASSFILE")
    return url


def _tiles(url: str) -> str:
    """Return the URL of a folder or a bucket, the two places full tiles may be kept at."""
    if re.fullmatch(r"file:///(?!.*(?:^|/)\.\.(?:/|$))[^?#\x00-\x1f\x7f]+", url):
        return url.rstrip("/")
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](?:/[A-Za-z0-9._=\-]+)*/?", url):
        return url.rstrip("/")
    if not url.startswith(("file:", "s3:")):
        raise ValueError("只能放在 file:// 或 s3://，不用别的协议 / no other protocol is spoken")
    raise ValueError(
        "应为 file:///文件夹 或 s3://桶/前缀，不得写密钥（见 access_key、secret_file）"
        " / a folder or a bucket, without a key"
    )


class SourceSettings(_Section):
    """The data behind one entry."""

    entry: str
    """分类码/顺序码 of the entry, under the department it stands below."""
    url: str = Field(repr=False)
    """SQLAlchemy URL of the database, with its password; an account that may only read."""
    table: str
    """Table or view, with its schema if it is not the default one."""
    columns: dict[str, str]
    """Item code -> column."""
    key: str
    """Column rows are ordered and paged by: unique, never null, text or integer."""
    seconds: float = Field(default=10.0, ge=0.1, le=600)
    """A statement may take so long; the database ends it."""


class DepartmentSettings(_Section):
    """A department this node serves."""

    code: DepartmentCode
    """Unified social credit code."""
    custody: Literal["own", "hosted"]
    """Whether the node is the department's own or another's that hosts it (托管)."""
    department_key: FilePath
    """SM2 key that signs checkpoints and requests to other nodes (PKCS#8, encrypted)."""
    log_key: FilePath
    """Ed25519 key that signs checkpoints beside it (PKCS#8, encrypted)."""
    generation: int = Field(default=1, ge=1)
    """Which of the department's logs is kept here: one more after each `log supersede`."""
    sources: list[SourceSettings] = []
    """What the department serves from here."""


class StorageSettings(_Section):
    """Where the node keeps its tables, if not in files in `data_dir`."""

    url: Annotated[str, AfterValidator(_database)] | None = None
    """`postgresql://user@host:port/database`: a PostgreSQL database (15 or later) of this node's
    own, UTF8 and in the order `C`. Several hosts may stand there, as libpq takes them."""
    password_file: FilePath | None = None
    """File with the user's password (mode 600); its first line counts. Without one: PGPASSFILE."""


class TilesSettings(_Section):
    """Where the logs' full tiles are kept besides the tables."""

    url: Annotated[str, AfterValidator(_tiles)] | None = None
    """`file:///folder`, which must be there, or `s3://bucket/prefix`; without one nowhere."""
    endpoint: HttpUrl | None = None
    """Where the bucket's S3 is spoken; without one: as the environment says, or AWS."""
    access_key: str | None = Field(default=None, min_length=1, max_length=255)
    """Name of the key for the bucket; without one: as the environment and its files say."""
    secret_file: FilePath | None = None
    """File with the secret to `access_key` (mode 600); its first line counts."""
    local_entries: int | None = Field(default=None, ge=2_048)
    """How many entries of a log stay in the tables; older ones are then read from the store alone.
    Without one all stay."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.access_key is None) != (self.secret_file is None):
            raise ValueError("access_key 与 secret_file 要一起写 / go together")
        if self.url is None and self.model_fields_set:
            raise ValueError("没有写 url / url is missing")
        return self


class AnchoringSettings(_Section):
    """How often the logs are published and anchored."""

    publish_seconds: float = Field(default=1.0, ge=1.0)
    """At most one checkpoint is published in so many seconds."""
    anchor_seconds: float = Field(default=10.0, gt=0)
    """An unanchored checkpoint waits at most so long."""
    anchor_leaves: int = Field(default=10_000, gt=0)
    """…or until so many leaves have gathered."""


class LimitSettings(_Section):
    """Limits on what is served."""

    page_rows: int = Field(default=1_000, ge=1, le=10_000)
    """Most rows in one answer."""
    body_bytes: int = Field(default=65_536, ge=1_024, le=65_536)
    """Largest body of a query."""
    workers: int = Field(default=4, ge=1, le=64)
    """Sources that may be waited for at once; one of these threads does what waits for nobody."""
    waiting: int = Field(default=512, ge=1)
    """Calls that may wait for a thread before new ones are refused as `overloaded`."""
    strangers_per_day: int = Field(default=100, ge=1)
    """Refusals that no authorisation counts, a key and Beijing day; more get no leaf."""
    unseen_seconds: int = Field(default=900, ge=1)
    """How long calls go on while no chain endpoint answers."""


class LoggingSettings(_Section):
    """The operational log: one line an event, on stderr."""

    format: Literal["text", "json"] = "text"
    """How a line is written."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on; calls, anchors, starts and stops are `info`, alarms `warning`."""
    lines_per_second: int = Field(default=200, ge=1, le=100_000)
    """Most lines a second of one kind of event; the others are counted, and their number said."""


class MetricsSettings(_Section):
    """Figures for Prometheus."""

    port: int | None = Field(default=None, ge=1, le=65_535)
    """Port on 127.0.0.1 that answers `/metrics`; without one there is none."""


class ReadersSettings(_Section):
    """Whom a value of the provider's claim makes a reader, and of what."""

    value: str = Field(min_length=1, max_length=255)
    """The claim's value, or one of its values, as the group `数据监管`."""
    department: DepartmentCode
    """Code of the department whose affairs they see; one that is served here."""
    seats: list[Literal["desk", "operation"]] = Field(min_length=1)
    """`desk`: what waits, entries, authorisations and calls of the department; `operation`: how the
    node fares."""


class OidcSettings(_Section):
    """An OpenID Connect provider that signs in people who only read."""

    issuer: str
    """Its name, exactly as it writes it: an https address (http on this machine only)."""
    client_id: str = Field(min_length=1, max_length=255)
    """What the provider calls this node."""
    client_secret_file: FilePath
    """File with the secret the provider gave it (mode 600); its first line counts."""
    label: str = Field(default="统一身份认证", max_length=40)
    """What the button on the sign-in page says."""
    scopes: list[str] = ["openid", "profile"]
    """What is asked for; the claims below must come with it."""
    person: str = "name"
    """Claim that names the person; `a.b` leads into an object."""
    claim: str = "groups"
    """Claim whose value, or values, are looked up in `readers`; `a.b` as above."""
    algorithms: list[Literal["RS256", "PS256", "ES256", "ES384"]] = Field(
        default=["RS256", "ES256"], min_length=1
    )
    """Algorithms an ID token may be signed with."""
    readers: list[ReadersSettings] = Field(min_length=1)
    """Who may read what."""

    @staticmethod
    def is_safe(url: object) -> bool:
        """Tell whether codes and the secret may go to an address."""
        try:
            parts = urlsplit(url) if isinstance(url, str) else None
        except ValueError:
            return False
        if parts is None or not parts.hostname or parts.fragment:
            return False
        own = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        return parts.scheme == "https" or (parts.scheme == "http" and own)

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if not self.is_safe(self.issuer) or "?" in self.issuer:
            raise ValueError("issuer 应为 https 地址（本机可用 http）/ should be an https address")
        if "openid" not in self.scopes:
            raise ValueError("scopes 应含 openid / should have openid")
        return self


class ConsoleSettings(_Section):
    """The pages that people see in a browser."""

    on: bool = True
    """Whether the node answers with pages, beside its API."""
    title: str = Field(default="", max_length=40)
    """What stands beside the product's name, as the city's own."""
    insecure_cookies: bool = False
    """Whether a session's cookie may cross a connection that is not protected (plain http)."""
    origins: list[HttpUrl] = []
    """Addresses people open the console at, besides `public_url` and those of `authorities`."""
    agent_port: int = Field(default=7701, ge=1, le=65_535)
    """Port on an officer's own machine at which pages look for his `shareledger agent`."""
    operators: list[RoleName] = ["部门负责人", "工作机构负责人", "值班员"]
    """Roles in a department served here whose holders see how the node fares."""
    board: bool = False
    """Whether anybody who reaches the node sees the board; otherwise officers who signed in."""
    oidc: OidcSettings | None = None
    """An OpenID Connect provider for people who only read; without one only keys sign in."""


class Settings(BaseSettings):
    """Everything one node process is told."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    chain_url: HttpUrl
    """JSON-RPC endpoint of the chain."""
    deployment: FilePath
    """deployment.json: chain id, genesis, root key and the contracts' addresses."""
    data_dir: FilePath
    """Where the node keeps log.db, ledger.db, node.db (unless `storage` says otherwise) and its own
    secret; made if missing."""
    host: str
    """Address to listen on; TLS is ended by a proxy in front of it."""
    port: int = Field(ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""
    public_url: HttpUrl
    """What other nodes and applications reach this node by; stands in `department` documents."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that answer. With one the node is one process; with more there are a process that
    writes the log, one that follows the chain and anchors, and one that watches over all."""
    authorities: list[Authority] = Field(min_length=1)
    """Values of Host (`name:port`) a signed request may name."""
    relay_key: FilePath
    """Encrypted secp256k1 key of the account that sends transactions; it has no other rights."""
    password_file: FilePath
    """File with the password of all key files, from a secret mount; its first line counts."""
    departments: list[DepartmentSettings] = Field(min_length=1)
    """Whom this node serves; the first one's log also takes calls that name nothing known."""
    storage: StorageSettings = StorageSettings()
    """Where the tables are."""
    peers: dict[DepartmentCode, HttpUrl] = {}
    """Base URLs of other departments' nodes, over those in their documents. A node whose disks are
    empty needs one at least: it cannot know any URL before it has a document."""
    tiles: TilesSettings = TilesSettings()
    """Where full tiles are kept besides the tables."""
    anchoring: AnchoringSettings = AnchoringSettings()
    """How often the logs are published and anchored."""
    limits: LimitSettings = LimitSettings()
    """Limits on what is served."""
    logging: LoggingSettings = LoggingSettings()
    """The operational log."""
    metrics: MetricsSettings = MetricsSettings()
    """Figures for Prometheus."""
    console: ConsoleSettings = ConsoleSettings()
    """The pages that people see in a browser."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the hook's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - never read .env files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets are key files
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.metrics.port == self.port:
            raise ValueError(
                f"[metrics] port 与 port 都是 {self.port}：节点和指标要各用一个端口"
                " / the node and its figures need a port each"
            )
        codes = [department.code for department in self.departments]
        if len(set(codes)) != len(codes):
            raise ValueError("同一部门列了两次 / a department is listed twice")
        oidc = self.console.oidc
        for each in oidc.readers if oidc is not None else ():
            if each.department not in codes:
                raise ValueError(
                    f"[console.oidc] readers：{each.department} 不是本节点所服务的部门"
                    " / is not served here"
                )
        return self

    @property
    def stores(self) -> Stores:
        """Where the tables are; the password is read now."""
        storage = self.storage
        if storage.url is None:
            return Stores(self.data_dir)
        file = storage.password_file
        password = None if file is None else read_password(file).decode(errors="surrogateescape")
        return Stores(self.data_dir, (storage.url, password))

    @property
    def tile_place(self) -> Place | None:
        """Where full tiles are kept; the secret is read now."""
        from node.log.tilestore import Place

        tiles = self.tiles
        if tiles.url is None:
            return None
        file = tiles.secret_file
        secret = None if file is None else read_password(file).decode(errors="surrogateescape")
        return Place(tiles.url, tiles.endpoint, tiles.access_key, secret)

    @property
    def password(self) -> bytes:
        """First line of the password file."""
        return read_password(self.password_file)


def load_settings(path: Path) -> Settings:
    """Read a node's TOML file; the environment wins over it.

    Raises:
        ConfigInvalid: naming the file or the values that are missing, unknown or wrong.
    """
    values = _read(path)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = [invalid_setting(each) for each in error.errors(include_url=False)]
        raise ConfigInvalid(f"{path}：{'；'.join(wrong)}", path=str(path), wrong=wrong) from None
    except SettingsError as error:
        # A variable of the environment that should be JSON: `SHARELEDGER_PEERS=x`.
        found = re.search('field "([^"]*)"', str(error))
        raise ConfigInvalid(
            f"环境变量 {ENVIRONMENT_PREFIX}{found[1].upper() if found else ''} 应为 JSON / {error}"
        ) from None
    settings = _resolved(settings, path.resolve().parent)
    for name, needed in needed_files(settings):
        _check_readable(path, name, needed)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigInvalid(
            f"--config {path} 读不出：{reason(error)} / cannot be read", path=str(path)
        ) from error
    except ValueError as error:
        raise ConfigInvalid(f"--config 不是文件路径 / no path: {error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigInvalid(f"--config {path} 太大，不是配置文件 / too large", path=str(path))
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ConfigInvalid(
            f"{path} 读不出 / cannot be read：第 {data[: error.start].count(10) + 1} 行不是 UTF-8",
            path=str(path),
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid(
            f"{path} 读不出 / cannot be read：{not_toml(error)}", path=str(path)
        ) from error


def _check_readable(path: Path, name: str, needed: Path) -> None:
    try:
        is_file = stat.S_ISREG(needed.stat().st_mode)
    except OSError as error:
        raise ConfigInvalid(
            f"{path}：{name} = {needed}：{reason(error)} / is not there", path=str(needed)
        ) from error
    if not is_file:
        raise ConfigInvalid(f"{path}：{name} = {needed}：不是文件 / no file", path=str(needed))
    if not os.access(needed, os.R_OK):
        raise ConfigInvalid(
            f"{path}：{name} = {needed}：没有权限读取，请改属主或权限（chown、chmod 600）/ "
            "cannot be read",
            path=str(needed),
        )


def _resolved(settings: Settings, base: Path) -> Settings:
    departments = [
        department.model_copy(
            update={
                "department_key": base / department.department_key,
                "log_key": base / department.log_key,
            }
        )
        for department in settings.departments
    ]
    names = ("deployment", "data_dir", "relay_key", "password_file")
    update: dict[str, Any] = {name: base / getattr(settings, name) for name in names}
    if settings.storage.password_file is not None:
        file = base / settings.storage.password_file
        update["storage"] = settings.storage.model_copy(update={"password_file": file})
    if settings.tiles.secret_file is not None:
        file = base / settings.tiles.secret_file
        update["tiles"] = settings.tiles.model_copy(update={"secret_file": file})
    if settings.console.oidc is not None:
        secret = {"client_secret_file": base / settings.console.oidc.client_secret_file}
        oidc = settings.console.oidc.model_copy(update=secret)
        update["console"] = settings.console.model_copy(update={"oidc": oidc})
    return settings.model_copy(update={**update, "departments": departments})


def needed_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield every file the settings name, with the setting's name."""
    yield "deployment", settings.deployment
    yield "relay_key", settings.relay_key
    yield "password_file", settings.password_file
    if settings.storage.password_file is not None:
        yield "storage.password_file", settings.storage.password_file
    if settings.tiles.secret_file is not None:
        yield "tiles.secret_file", settings.tiles.secret_file
    if settings.console.oidc is not None:
        yield "console.oidc.client_secret_file", settings.console.oidc.client_secret_file
    for at, department in enumerate(settings.departments):
        yield f"departments.{at}.department_key", department.department_key
        yield f"departments.{at}.log_key", department.log_key
