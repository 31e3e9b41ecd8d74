"""Vectors of signed requests and of the answer to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import sm3
from node.protocol.wire import canonical, encoding, signedcall
from node.protocol.wire.envelope import DataKey, envelope_bytes, seal
from node.protocol.wire.leaf import commitment

from .. import papers
from .town import AUTHORITY, CREATED

if TYPE_CHECKING:
    from .town import Town

AUTHORISATION = 1
OPENED = {"operator": "李老师", "matter": "2026-0001"}


def _body() -> bytes:
    return canonical.dumps(
        {
            "purpose": "RXHY",
            "items": ["XM", "GMSFHM"],
            "where": {"GMSFHM": {"eq": "130902200001010003"}},
            "page": {"size": 100, "after": None},
            "operator": "李老师",
            "matter": "2026-0001",
            "salt": "AAECAwQFBgcICQoLDA0ODw",
        }
    )


def sign_query(town: Town, signer: str, nonce: str) -> signedcall.SignedCall:
    """Return the query as `signer` signs it."""
    body = _body()
    path = f"/api/v1/authorisations/{AUTHORISATION}/query"
    key = town.keys[signer]
    parts = ("POST", AUTHORITY, path, "")
    headers = signedcall.build(
        *parts, "application/json", body, CREATED, nonce, key.public_key.key_id, key
    )
    return signedcall.parse(*parts, headers, body)


def make_calls(town: Town) -> dict[str, Any]:
    """Return signed requests with their bases."""
    wanted = [
        ("a query", "POST", f"/api/v1/authorisations/{AUTHORISATION}/query", "", _body()),
        (
            "a read with a query string and no body",
            "GET",
            f"/api/v1/logs/{papers.POLICE}/consistency",
            "old=2&new=3",
            b"",
        ),
    ]
    calls = []
    signer = town.keys["application"]
    for number, (name, method, path, query, body) in enumerate(wanted):
        nonce = encoding.b64u(sm3(b"ShareLedger vector nonce: %d" % number)[:18])
        content_type = "application/json" if body else "application/octet-stream"
        parts = (method, AUTHORITY, path, query)
        headers = signedcall.build(
            *parts, content_type, body, CREATED, nonce, signer.public_key.key_id, signer
        )
        call = signedcall.parse(*parts, headers, body)
        calls.append(
            {
                "name": name,
                "method": method,
                "authority": AUTHORITY,
                "path": path,
                "query": query,
                "body": body.decode(),
                "created": CREATED,
                "nonce": nonce,
                "headers": headers,
                "base": call.base.decode(),
                "e": signer.public_key.message_hash(call.base).hex(),
                "signature": call.signature.hex(),
                "event": call.event.hex(),
            }
        )
    return {
        "standard": "RFC 9421 section 2.5, profile gdsl-1: docs/protocol.md section 4",
        "key": "application",
        "calls": calls,
    }


def make_answer(town: Town, call: signedcall.SignedCall) -> dict[str, Any]:
    """Return the plaintext and the envelope of the query's answer."""
    salts = {name: sm3(f"ShareLedger vector salt: {name}".encode())[:16] for name in OPENED}
    plaintext = canonical.dumps(
        {
            "rows": [{"XM": "张三", "GMSFHM": "130902********0003"}],
            "next": None,
            "masked": ["GMSFHM"],
            "asOf": "2026-09-21T14:13:20Z",
            "opening": {name: encoding.b64u(salt) for name, salt in salts.items()},
            "salt": encoding.b64u(sm3(b"ShareLedger vector salt: answer")[:16]),
        }
    )
    data_key = DataKey(created=CREATED)
    public = town.encryption.public_key
    envelope = seal(data_key, [(public.key_id, public)], plaintext, call.event)
    return {
        "standard": "RFC 8998 (SM4-GCM); GM/T 0009, GB/T 32918.4 (wrapped); docs/protocol.md 4, 5",
        "event": call.event.hex(),
        "recipient": "encryption key of the application",
        "dataKey": data_key._secret().hex(),
        "plaintext": plaintext.decode(),
        "plain": sm3(plaintext).hex(),
        "envelope": envelope,
        "answer": sm3(envelope_bytes(envelope)).hex(),
        "operator": commitment(salts["operator"], OPENED["operator"]).hex(),
        "matter": commitment(salts["matter"], OPENED["matter"]).hex(),
    }
