"""Mapping files: from the columns of somebody's table to the fields of a catalogue version.

Two layouts. `entry-rows`: one row an entry, its items in one cell (`[items] names`).
`item-rows`: one row an item; neighbouring rows with the same entry code are one entry, whose own
fields are read from the first of them. The grammar with examples: docs/mapping.zh-CN.md.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from node.errors import ConfigInvalid, not_toml, reason

from .mapping_faults import faults_of
from .rules import Rule

BUILT_IN = ("t2",)
LARGEST_BYTES = 1024 * 1024


class ItemsRule(BaseModel):
    """How the items of an entry are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: Rule | None = None
    """`entry-rows`: a rule with `split`; every piece is the name of an item."""
    number: str = "F{number:03d}"
    """Code of an item that has none: `number` counts from 1 inside the entry."""
    fields: dict[str, Rule] = Field(default_factory=dict)
    """Fields of an item, by their name in the document."""


class Mapping(BaseModel):
    """One mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: Literal["entry-rows", "item-rows"]
    encoding: str | None = None
    """Unset: UTF-8 or GB18030, found by itself."""
    sheet: str | None = None
    header_rows: int | None = Field(default=None, ge=1, le=1_000)
    """Unset: the header ends where a cell first holds one of its rule's `values`."""
    heading_cut: tuple[str, ...] = ("（", "(", "【", "[", "〔", "\n")
    """A heading counts up to the first of these."""
    entry: dict[str, Rule]
    """Fields of the catalogue version; a dot leads into a nested field or a list's place."""
    unread: tuple[str, ...] = ()
    """Headings that are known and not read, so that nobody is warned of them."""
    constants: dict[str, Any] = Field(default_factory=dict)
    """Fields that are the same for every entry of the table."""
    items: ItemsRule

    def headings(self) -> set[str]:
        """List every heading some rule reads."""
        rules = [*self.entry.values(), *self.items.fields.values()]
        if self.items.names is not None:
            rules.append(self.items.names)
        return {heading for rule in rules for heading in rule.headings}


def load_mapping(name: str) -> Mapping:
    """Load a mapping file by path, or a built-in one by name.

    Raises:
        ConfigInvalid: it is missing, not TOML, or rules in it are wrong: `facts["problems"]` lists
            every one with its place, in Chinese.
    """
    try:
        if name in BUILT_IN:
            text = resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8")
        else:
            with Path(name).open(encoding="utf-8-sig") as file:
                text = file.read(LARGEST_BYTES)
        return parse_mapping(text, name)
    except (OSError, UnicodeDecodeError) as error:
        said = reason(error) if isinstance(error, OSError) else "不是 UTF-8"
        raise ConfigInvalid(f"映射文件 {name} 读不出：{said} / cannot be read") from error


def parse_mapping(text: str, name: str) -> Mapping:
    """Read the text of a mapping file; `name` is what it is called in errors.

    Raises:
        ConfigInvalid: as `load_mapping`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"映射文件 {name} 不是 TOML：{not_toml(error)}") from error
    try:
        mapping, found = Mapping.model_validate(raw), []
    except ValidationError as error:
        mapping, found = None, error.errors()
    faults = faults_of(raw, found)
    if mapping is None or faults:
        raise ConfigInvalid(
            f"映射文件 {name} 有 {len(faults)} 处错误：" + "；".join(faults), problems=faults
        )
    return mapping
