"""Identifiers and how they are computed (protocol.md section 1).

Contracts compute the same ones; nobody passes an id that can be derived.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ...crypto import keccak256, sm3
from ...errors import InvalidInput

ID_SIZE = 32
ADDRESS_SIZE = 20
ZERO = bytes(ID_SIZE)

_CODE = re.compile(r"[0-9A-Z]{18}")
_CONTRACT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")
_ORIGIN = re.compile(
    r"shareledger:(0|[1-9][0-9]{0,77}):([0-9a-f]{40}):([0-9A-Z]{18})"
    r"(?::([2-9]|[1-9][0-9]{1,4}))?"
)


def department_id(code: str) -> bytes:
    """Return the id of the department with this unified social credit code.

    Raises:
        InvalidInput: not 18 digits and capital letters (GB 32100).
    """
    if not _CODE.fullmatch(code):
        raise InvalidInput(
            f"{code!r} 不是 18 位统一社会信用代码"
            " / is not an 18-character unified social credit code"
        )
    return code.encode("ascii").ljust(ID_SIZE, b"\0")


def department_code(department: bytes) -> str:
    """Return the code inside a department's id.

    Raises:
        InvalidInput: the id holds none.
    """
    code = department.rstrip(b"\0").decode("latin-1")
    if len(department) != ID_SIZE or not _CODE.fullmatch(code):
        raise InvalidInput(f"{department.hex()} is not a department's id")
    return code


@lru_cache(maxsize=4096)
def code_hash(code: str) -> bytes:
    """Return keccak256 of a code's UTF-8; an entry's is asked for by id, paper and struct."""
    return keccak256(code.encode())


def application_id(department: bytes, code: str) -> bytes:
    """Return the id of a department's application."""
    return keccak256(department + code_hash(code))


@lru_cache(maxsize=16_384)
def entry_id(department: bytes, code: str) -> bytes:
    """Return the id of a department's catalogue entry; `code` is 分类码/顺序码.

    Of every paper that a page shows it is asked for, to see whether it is that entry's.
    """
    return keccak256(department + code_hash(code))


@lru_cache(maxsize=1024)
def purpose_id(code: str) -> bytes:
    """Return the id of a purpose; every call names one, and the same few."""
    return code_hash(code)


def log_origin(chain_id: int, registry: bytes, code: str, generation: int = 1) -> str:
    """Return the origin of a department's log; `registry` is the DepartmentRegistry's address.

    The first log's ends with the department's code, a later one's with its number after that.
    """
    origin = f"shareledger:{chain_id}:{registry.hex()}:{code}"
    return origin if generation == 1 else f"{origin}:{generation}"


def parse_origin(origin: str) -> tuple[int, bytes, str, int]:
    """Return (chain id, registry address, department code, generation).

    Raises:
        InvalidInput: not an origin.
    """
    match = _ORIGIN.fullmatch(origin)
    if not match:
        raise InvalidInput(f"{origin!r} is not a log's origin")
    return int(match[1]), bytes.fromhex(match[2]), match[3], int(match[4] or 1)


def log_id(origin: str) -> bytes:
    """Return the id of the log with this origin."""
    return keccak256(origin.encode())


def event_id(created: int, authority: str, keyid_hex: str, nonce: str) -> bytes:
    """Return a call's id: its second, then 24 bytes of SM3 over authority, key and nonce.

    It is the replay key; beginning with the time it is also a fast index.
    """
    text = f"{authority}\n{keyid_hex}\n{nonce}"
    return created.to_bytes(8, "big") + sm3(text.encode())[:24]


def contract_name_id(name: str) -> bytes:
    """Return the `name` of ListContract: ASCII, left-aligned, zero-padded.

    Raises:
        InvalidInput: not a contract's name of at most 32 characters.
    """
    if not _CONTRACT_NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is not a contract's name")
    return name.encode("ascii").ljust(ID_SIZE, b"\0")
