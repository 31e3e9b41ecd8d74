"""Vectors of what is computed without a key: identifiers and canonical JSON."""

from __future__ import annotations

from typing import Any

from node.protocol.wire import canonical, ids
from node.protocol.wire.items import bitmap

from .. import papers
from .town import (
    AUTHORITY,
    CHAIN_ID,
    CONTRACTS,
    CREATED,
    ORIGIN,
)


def make_ids() -> dict[str, Any]:
    """Return one of every identifier."""
    police, education = (ids.department_id(code) for code in (papers.POLICE, papers.EDUCATION))
    nonce = "AAECAwQFBgcICQoLDA0ODw"
    keyid = "ab" * 32
    return {
        "standard": "docs/protocol.md section 1",
        "department": {"code": papers.POLICE, "id": police.hex()},
        "application": {
            "department": papers.EDUCATION,
            "code": "ZHSX",
            "codeHash": ids.code_hash("ZHSX").hex(),
            "id": ids.application_id(education, "ZHSX").hex(),
        },
        "entry": {
            "department": papers.POLICE,
            "code": "30300101/06001",
            "codeHash": ids.code_hash("30300101/06001").hex(),
            "id": ids.entry_id(police, "30300101/06001").hex(),
        },
        "purpose": {"code": "RXHY", "id": ids.purpose_id("RXHY").hex()},
        "items": {
            "codes": ["XM", "GMSFHM", "CSRQ"],
            "chosen": ["XM", "CSRQ"],
            "bitmap": f"{bitmap(['XM', 'GMSFHM', 'CSRQ'], ['XM', 'CSRQ']):064x}",
        },
        "log": {
            "chainId": CHAIN_ID,
            "registry": CONTRACTS["DepartmentRegistry"].hex(),
            "department": papers.POLICE,
            "origin": ORIGIN,
            "id": ids.log_id(ORIGIN).hex(),
        },
        "contractName": {
            "name": "AccessAnchors",
            "id": ids.contract_name_id("AccessAnchors").hex(),
        },
        "event": {
            "created": CREATED,
            "authority": AUTHORITY,
            "keyid": keyid,
            "nonce": nonce,
            "id": ids.event_id(CREATED, AUTHORITY, keyid, nonce).hex(),
        },
    }


def make_canonical() -> dict[str, Any]:
    """Return values with their bytes, and bytes that are refused."""
    accepted: list[Any] = [
        {"b": 1, "a": [True, False, None, ""], "中": "文"},
        {"big": 2**53 - 1, "small": -(2**53) + 1, "zero": 0},
        {"controls": "\b\t\n\f\r\u0000\u001f", "quotes": '"\\/', "del": "\u007f", "sep": "\u2028"},
        {"\uff21": "after the surrogates of UTF-16", "\U0001f600": "before it, as RFC 8785 sorts"},
        [],
        "text alone",
    ]
    refused = {
        "a space": b'{"a": 1}',
        "keys out of order": b'{"b":1,"a":2}',
        "a key twice": b'{"a":1,"a":2}',
        "a float": b'{"a":1.5}',
        "an exponent": b'{"a":1e3}',
        "an integer of 2^53": b'{"a":9007199254740992}',
        "minus zero": b'{"a":-0}',
        "an escape that is not needed": b'{"a":"\\u0041"}',
        "text that is not in NFC": '{"a":"e\u0301"}'.encode(),
        "a lone surrogate": b'{"a":"\\ud800"}',
        "a byte order mark": b'\xef\xbb\xbf{"a":1}',
        "a line feed at the end": b'{"a":1}\n',
        "33 levels": b"[" * 33 + b"]" * 33,
    }
    return {
        "standard": "RFC 8785 with the rules of docs/protocol.md 2.1; bytes in hex",
        "accepted": [{"value": value, "bytes": canonical.dumps(value).hex()} for value in accepted],
        "refused": {name: data.hex() for name, data in refused.items()},
    }
