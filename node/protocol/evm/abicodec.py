"""Strict encoding and decoding of contract data (Solidity ABI specification).

A type is compiled once from its JSON description into a codec; decoding accepts only what
Solidity itself emits: words in range, zero padding, offsets in order, nothing left over.
Tuples are dicts by component name, arrays lists, bytesN and addresses raw bytes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORD = 32
ADDRESS_SIZE = 20

_INTEGER = re.compile(r"uint(\d+)")
_BYTES = re.compile(r"bytes(\d+)")


class AbiError(ValueError):
    """Data do not fit their type; callers turn it into an error of the tree."""


class Codec(Protocol):
    """How values of one ABI type are laid out."""

    @property
    def size(self) -> int:
        """Bytes in the head: the whole value if it is static, one offset word if dynamic."""
        ...

    @property
    def dynamic(self) -> bool:
        """Whether the head holds an offset."""
        ...

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 - the types of the ABI
        """Render; raises AbiError."""
        ...

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        """Read at `start`; return the value and the end of what belongs to it."""
        ...


@dataclass(frozen=True)
class _Unsigned:
    bits: int
    size: int = WORD
    dynamic: bool = False

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        if type(value) is bool or not isinstance(value, int) or not 0 <= value < 1 << self.bits:
            raise AbiError(f"{value!r} 超出范围 / is no uint{self.bits}")
        return value.to_bytes(WORD, "big")

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        value = int.from_bytes(data[start : start + WORD], "big")
        if start + WORD > len(data) or value >> self.bits:
            raise AbiError(f"not a uint{self.bits}")
        return value, start + WORD


@dataclass(frozen=True)
class _Bool:
    size: int = WORD
    dynamic: bool = False

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        if not isinstance(value, bool):
            raise AbiError(f"{value!r} is no bool")
        return int(value).to_bytes(WORD, "big")

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        value = int.from_bytes(data[start : start + WORD], "big")
        if start + WORD > len(data) or value > 1:
            raise AbiError("not a bool")
        return value == 1, start + WORD


@dataclass(frozen=True)
class _Fixed:
    """bytesN, left-aligned, and addresses, right-aligned."""

    count: int
    left: bool
    size: int = WORD
    dynamic: bool = False

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        if not isinstance(value, bytes) or len(value) != self.count:
            raise AbiError(f"not {self.count} bytes")
        return value.ljust(WORD, b"\0") if self.left else value.rjust(WORD, b"\0")

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        word = data[start : start + WORD]
        if len(word) != WORD:
            raise AbiError("data end too early")
        if self.count == WORD:
            return word, start + WORD
        if self.left:
            value, rest = word[: self.count], word[self.count :]
        else:
            value, rest = word[-self.count :], word[: -self.count]
        if any(rest):
            raise AbiError("padding is not zero")
        return value, start + WORD


@dataclass(frozen=True)
class _Octets:
    """bytes and string."""

    text: bool
    size: int = WORD
    dynamic: bool = True

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        if not isinstance(value, str if self.text else bytes):
            raise AbiError("not text" if self.text else "not bytes")
        octets = value.encode() if isinstance(value, str) else bytes(value)
        return len(octets).to_bytes(WORD, "big") + octets + bytes(-len(octets) % WORD)

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        count, start = _length(data, start)
        end = start + count
        padded = end + -count % WORD
        if padded > len(data) or any(data[end:padded]):
            raise AbiError("bytes end too early or are not padded with zeros")
        octets = data[start:end]
        try:
            return (octets.decode() if self.text else octets), padded
        except UnicodeDecodeError as error:
            raise AbiError("a string is not UTF-8") from error


@dataclass(frozen=True)
class _Array:
    """T[]: a count, then the elements like a tuple's."""

    element: Codec
    size: int = WORD
    dynamic: bool = True

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        if not isinstance(value, list | tuple):
            raise AbiError("not a list")
        return len(value).to_bytes(WORD, "big") + _encode_all([self.element] * len(value), value)

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        count, start = _length(data, start)
        if count * self.element.size > len(data) - start:
            raise AbiError("an array is longer than its data")
        return _decode_all([self.element] * count, data, start)


@dataclass(frozen=True)
class Tuple:
    """A tuple, struct or parameter list; its values are dicts by name."""

    names: tuple[str, ...]
    codecs: tuple[Codec, ...]
    size: int
    dynamic: bool

    def encode(self, value: Any) -> bytes:  # noqa: ANN401
        """Render a dict with exactly the tuple's names."""
        if not isinstance(value, dict) or len(value) != len(self.names):
            raise AbiError(f"not a dict of {', '.join(self.names)}")
        try:
            values = [value[name] for name in self.names]
        except KeyError as error:
            raise AbiError(f"{error} is missing") from error
        return _encode_all(self.codecs, values)

    @cached_property
    def words(self) -> Words | None:
        """How to read it in one go; None where it has an offset or a width that needs a look."""
        return Words.of(dict(zip(self.names, self.codecs, strict=True)), self.names)

    def decode(self, data: bytes, start: int) -> tuple[Any, int]:
        """Read into a dict by name."""
        found = self.words.find(data, start) if self.words else None
        if found is not None:
            return found, start + self.size
        values, end = _decode_all(self.codecs, data, start)
        return dict(zip(self.names, values, strict=True)), end

    def decode_whole(self, data: bytes) -> dict[str, Any]:
        """Read all of `data`; raises AbiError, also when anything is left over."""
        value: dict[str, Any]
        value, end = self.decode(data, 0)
        if end != len(data):
            raise AbiError(f"{len(data) - end} bytes are left over")
        return value


_LAYOUTS = {8: "31sB", 16: "30sH", 32: "28sI", 64: "24sQ"}
"""An integer's padding and itself, by its bits."""


class Words:
    """Static values word after word, read at once; whatever is odd is left to the codecs.

    A word is its padding, which has to be zero, and its value; a uint256 and a bool want one more
    step. What does not fit is not judged here: the codecs say what is wrong with it.
    """

    def __init__(self, parts: Sequence[_Part], names: Sequence[str]) -> None:
        self._layout = struct.Struct(">" + "".join(part.layout for part in parts))
        self._names = tuple(names)
        places = {part.name: 2 * at + part.value for at, part in enumerate(parts)}
        self._values = _picked([places[name] for name in names])
        self._padding = _picked([2 * at + 1 - part.value for at, part in enumerate(parts)])
        self._zero = self._padding(self._layout.unpack(bytes(self._layout.size)))
        self._wide = [part.name for part in parts if part.kind == "wide"]
        self._bools = [part.name for part in parts if part.kind == "bool"]

    @classmethod
    def of(cls, members: dict[str, Codec], names: Sequence[str]) -> Words | None:
        """Lay out the words of these members, in their order, to be returned in that of `names`.

        None where one of them has no such layout.
        """
        parts = [_part(name, codec) for name, codec in members.items()]
        known = [part for part in parts if part is not None]
        return cls(known, names) if len(known) == len(parts) else None

    def find(self, data: bytes, start: int = 0) -> dict[str, Any] | None:
        """Return the values by name; None where the codecs would refuse one."""
        if len(data) - start < self._layout.size:
            return None
        fields = self._layout.unpack_from(data, start)
        if self._padding(fields) != self._zero:
            return None
        found = dict(zip(self._names, self._values(fields), strict=True))
        for name in self._wide:
            found[name] = int.from_bytes(found[name], "big")
        for name in self._bools:
            if found[name] > 1:
                return None
            found[name] = found[name] == 1
        return found

    def find_all(self, data: bytes) -> list[tuple[Any, ...]] | None:
        """Return many values that stand one after another, each as a tuple in the order of names.

        None where the codecs would refuse one, or where one wants another step than to be read.
        """
        if self._wide or self._bools or len(data) % self._layout.size:
            return None
        fields = list(self._layout.iter_unpack(data))
        if [*map(self._padding, fields)].count(self._zero) != len(fields):
            return None
        return [*map(self._values, fields)]


class _Part(NamedTuple):
    """One word: a field of padding and one of the value, in either order."""

    name: str
    layout: str
    value: int
    """Which of the two is the value: 0 or 1."""
    kind: str = "plain"


def _part(name: str, codec: Codec) -> _Part | None:
    match codec:
        case _Fixed(count=count) if count == WORD or codec.left:
            return _Part(name, f"{count}s{WORD - count}s", 0)
        case _Fixed(count=count):
            return _Part(name, f"{WORD - count}s{count}s", 1)
        case _Unsigned(bits=bits) if bits == 8 * WORD:
            return _Part(name, f"{WORD}s0s", 0, "wide")
        case _Unsigned(bits=bits) if bits in _LAYOUTS:
            return _Part(name, _LAYOUTS[bits], 1)
        case _Bool():
            return _Part(name, _LAYOUTS[8], 1, "bool")
    return None


def _picked(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what picks these places as a tuple, also of one and of none."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda fields: tuple(fields[place] for place in places)


def compile_tuple(parameters: Sequence[dict[str, Any]]) -> Tuple:
    """Compile a parameter list of the JSON ABI; unnamed ones are called by their position."""
    codecs = tuple(compile_type(parameter) for parameter in parameters)
    names = tuple(
        parameter.get("name") or str(position) for position, parameter in enumerate(parameters)
    )
    dynamic = any(codec.dynamic for codec in codecs)
    return Tuple(names, codecs, WORD if dynamic else sum(c.size for c in codecs), dynamic)


def compile_type(parameter: dict[str, Any]) -> Codec:
    """Compile one parameter of the JSON ABI; raises AbiError for types we do not use."""
    name: str = parameter["type"]
    if name.endswith("[]"):
        return _Array(compile_type({**parameter, "type": name[:-2]}))
    if name == "tuple":
        return compile_tuple(parameter["components"])
    if match := _INTEGER.fullmatch(name):
        return _Unsigned(int(match[1]))
    if match := _BYTES.fullmatch(name):
        return _Fixed(int(match[1]), left=True)
    simple: dict[str, Codec] = {
        "bool": _Bool(),
        "address": _Fixed(ADDRESS_SIZE, left=False),
        "bytes": _Octets(text=False),
        "string": _Octets(text=True),
    }
    if name not in simple:
        raise AbiError(f"the type {name} is not supported")
    return simple[name]


def _length(data: bytes, start: int) -> tuple[int, int]:
    count = int.from_bytes(data[start : start + WORD], "big")
    if start + WORD > len(data) or count > len(data):
        raise AbiError("a length is beyond the data")
    return count, start + WORD


def _encode_all(codecs: Sequence[Codec], values: Sequence[Any]) -> bytes:
    offset = sum(codec.size for codec in codecs)
    heads, tails = [], []
    for codec, value in zip(codecs, values, strict=True):
        encoded = codec.encode(value)
        if codec.dynamic:
            heads.append(offset.to_bytes(WORD, "big"))
            tails.append(encoded)
            offset += len(encoded)
        else:
            heads.append(encoded)
    return b"".join(heads + tails)


def _decode_all(codecs: Sequence[Codec], data: bytes, start: int) -> tuple[list[Any], int]:
    """Read heads from `start`; offsets are relative to it and must lie one after another."""
    values = []
    head = start
    end = start + sum(codec.size for codec in codecs)
    for codec in codecs:
        if codec.dynamic:
            if int.from_bytes(data[head : head + WORD], "big") != end - start:
                raise AbiError("an offset does not point to the next free place")
            value, end = codec.decode(data, end)
            head += WORD
        else:
            value, head = codec.decode(data, head)
        values.append(value)
    return values, end
