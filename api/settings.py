"""Settings of one node: a TOML file, each value overridable by a `SHARELEDGER_` variable.

Read once, by the composition root; everything below gets plain arguments. Nothing has an unsafe
default: whatever opens, signs or listens is named in the file. Paths are relative to the file.
"""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from node.errors import ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT_PREFIX = "SHARELEDGER_"


def _without_slash(url: str) -> str:
    return url.rstrip("/")


DepartmentCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://"), AfterValidator(_without_slash)]
Authority = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[a-zA-Z0-9.\-\[\]:]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


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


class DepartmentSettings(_Section):
    """A department this node serves."""

    code: DepartmentCode
    """Unified social credit code."""
    custody: Literal["own", "hosted"]
    """Whether the node is the department's own or another's that hosts it (托管)."""
    department_key: Path
    """SM2 key that signs checkpoints and requests to other nodes (PKCS#8, encrypted)."""
    log_key: Path
    """Ed25519 key that signs checkpoints beside it (PKCS#8, encrypted)."""
    generation: int = Field(default=1, ge=1)
    """Which of the department's logs is kept here: one more after each `log supersede`."""
    sources: list[SourceSettings] = []
    """What the department serves from here."""


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
    """Threads that verify signatures and fetch rows."""
    waiting: int = Field(default=512, ge=1)
    """Calls that may wait for a thread before new ones are refused as `overloaded`."""
    strangers_per_day: int = Field(default=100, ge=1)
    """Refusals that no authorisation counts, a key and Beijing day; more get no leaf."""
    unseen_seconds: int = Field(default=900, ge=1)
    """How long calls go on while no chain endpoint answers."""


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
    deployment: Path
    """deployment.json: chain id, genesis, root key and the contracts' addresses."""
    data_dir: Path
    """Where the node keeps log.db, ledger.db, node.db and its own secret; made if missing."""
    host: str
    """Address to listen on; TLS is ended by a proxy in front of it."""
    port: int = Field(ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""
    public_url: HttpUrl
    """What other nodes and applications reach this node by; stands in `department` documents."""
    authorities: list[Authority] = Field(min_length=1)
    """Values of Host (`name:port`) a signed request may name."""
    relay_key: Path
    """Encrypted secp256k1 key of the account that sends transactions; it has no other rights."""
    password_file: Path
    """File with the password of all key files, from a secret mount; its first line counts."""
    departments: list[DepartmentSettings] = Field(min_length=1)
    """Whom this node serves; the first one's log also takes calls that name nothing known."""
    peers: dict[DepartmentCode, HttpUrl] = {}
    """Base URLs of other departments' nodes, over those in their documents. A node whose disks are
    empty needs one at least: it cannot know any URL before it has a document."""
    anchoring: AnchoringSettings = AnchoringSettings()
    """How often the logs are published and anchored."""
    limits: LimitSettings = LimitSettings()
    """Limits on what is served."""

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
    def _departments_differ(self) -> Self:
        codes = [department.code for department in self.departments]
        if len(set(codes)) != len(codes):
            raise ValueError("a department is listed twice")
        return self

    @property
    def password(self) -> bytes:
        """First line of the password file."""
        return read_password(self.password_file)


def read_password(path: Path) -> bytes:
    """Read the first line of a password file.

    Raises:
        ConfigInvalid: it cannot be read, others may read it, or its first line is empty; nothing of
            it is repeated.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigInvalid(
                f"口令文件 {path} 他人可读，请先 chmod 600 / others can read it: chmod 600",
                path=str(path),
            )
        password = path.read_bytes().partition(b"\n")[0].rstrip(b"\r")
    except OSError as error:
        raise ConfigInvalid(f"口令文件 {path} 读不出 / cannot be read: {error.strerror}") from error
    if not password:
        raise ConfigInvalid(f"口令文件 {path} 是空的 / is empty")
    return password


def load_settings(path: Path) -> Settings:
    """Read a node's TOML file; the environment wins over it.

    Raises:
        ConfigInvalid: naming the file or the values that are missing, unknown or wrong.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigInvalid(f"{path} 读不出 / cannot be read: {reason}", path=str(path)) from error
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigInvalid(f"{path}: {'; '.join(wrong)}", path=str(path), wrong=wrong) from None
    settings = _resolved(settings, path.resolve().parent)
    for needed in _needed(settings):
        if not needed.is_file():
            raise ConfigInvalid(f"{path}: {needed} is not there", path=str(needed))
    return settings


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
    return settings.model_copy(update={**update, "departments": departments})


def _needed(settings: Settings) -> Iterator[Path]:
    yield settings.deployment
    yield settings.relay_key
    yield settings.password_file
    for department in settings.departments:
        yield department.department_key
        yield department.log_key
