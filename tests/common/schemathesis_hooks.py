"""Hooks with which Schemathesis tests a real town's node: it signs, and knows what is there.

`SCHEMATHESIS_HOOKS=tests.common.schemathesis_hooks` loads them; `SHARELEDGER_TOWN` is the file that
`write_town` wrote. What is generated at random would be refused for its signature, then for naming
nothing that exists: so each positive request is signed as it will be sent, with a key that may
make it, and beside random ids the schema offers those of the town. A request that is meant to be
refused for its headers keeps them.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

from node.crypto import SoftwareSigner, sign_login
from node.errors import InvalidInput
from node.protocol.wire import canonical, encoding, signedcall
from tests.common.keyfiles import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD = b"of keys that are good for nothing else"
FILE = "SHARELEDGER_TOWN"
METHODS = ("get", "put", "post")


def write_town(  # noqa: PLR0917 - what there is, one kind after the other
    folder: Path,
    url: str,
    keys: Mapping[str, SoftwareSigner],
    values: Mapping[str, list[Any]],
    served: Mapping[str, list[Any]],
    examples: Mapping[str, Any],
) -> Path:
    """Write what the hooks need to know; return the file.

    `keys` are by operation id, "" for all others; `values` by a parameter's name, or first by
    "operation id.name"; `served` are, by the name of a member of a query's body, what is served in
    any combination; `examples` are whole bodies by operation id.
    """
    files = {}
    for number, (operation, key) in enumerate(keys.items()):
        files[operation] = str(folder / f"schemathesis-{number}.pem")
        key.save(Path(files[operation]), PASSWORD)
    path = folder / "town.json"
    town = {
        "url": url, "keys": files, "values": values, "served": served, "examples": examples
    }  # fmt: skip
    write_private(path, orjson.dumps(town))
    return path


class _Town:
    def __init__(self) -> None:
        told = orjson.loads(Path(os.environ[FILE]).read_bytes())
        self.url: str = told["url"]
        self.values: dict[str, list[Any]] = told["values"]
        self.served: dict[str, list[Any]] = told["served"]
        self.examples: dict[str, Any] = told["examples"]
        self._keys = {
            operation: SoftwareSigner.load(Path(file), PASSWORD)
            for operation, file in told["keys"].items()
        }

    def key(self, operation: str) -> SoftwareSigner:
        return self._keys.get(operation) or self._keys[""]


TOWN = _Town() if FILE in os.environ else None


def _town() -> _Town:
    assert TOWN is not None, f"{FILE} names no file"
    return TOWN


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Offer what the town has wherever the schema asks for one of a kind."""
    town = _town()
    for path in raw_schema["paths"].values():
        for operation in (path[method] for method in METHODS if method in path):
            for parameter in operation.get("parameters", []):
                name = parameter.get("name")
                own = town.values.get(f"{operation['operationId']}.{name}")
                known = own or town.values.get(name)
                if known:
                    parameter["schema"] = {"anyOf": [{"enum": known}, parameter["schema"]]}
                    parameter["example"] = known[0]
            body = town.examples.get(operation["operationId"])
            if body is not None:
                (content,) = operation["requestBody"]["content"].values()
                content["examples"] = {"town": {"value": body}}
    schemas = raw_schema["components"]["schemas"]
    body = schemas["QueryBody"]
    served = {name: {"enum": known} for name, known in town.served.items()}
    schemas["QueryBody"] = {
        "anyOf": [{**body, "properties": {**body["properties"], **served}}, body]
    }


@schemathesis.serializer("application/json")
def render(_context: Any, value: Any) -> bytes:
    """Return the canonical JSON of a body, as a document must be; plain JSON where it has none.

    JSON Schema takes 1.0 for an integer, and no body here may be written so (protocol.md 4.4).
    """
    value = _whole(value)
    try:
        return canonical.dumps(value)
    except InvalidInput:
        return json.dumps(value, default=str).encode()


@schemathesis.serializer("application/jsonl")
def render_lines(_context: Any, value: Any) -> bytes:
    """Return lines that are a text already; a body that is to be wrong may be anything."""
    return value.encode() if isinstance(value, str) else json.dumps(value, default=str).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


@schemathesis.auth(refresh_interval=None)
class Signed:
    """Says which requests are signed by us; `before_call` signs them when they are whole."""

    def get(self, case: Any, _context: Any) -> bool | None:
        """Return whether it is one; None for those that are not."""
        return _is_signed(case) or None

    def set(self, *_: object) -> None:
        """Change nothing yet."""


def _is_signed(case: Any) -> bool:
    """Tell whether a request is to be signed, and is not to be refused for its headers."""
    refused = case.meta is not None and case.meta.is_negative_at(ParameterLocation.HEADER)
    return "security" in case.operation.definition.raw and not refused


@schemathesis.hook
def before_call(_context: Any, case: Any, **_options: Any) -> None:
    """Sign a request of profile gdsl-1 as it will be sent; sign in, now and then, as one does."""
    if case.operation.definition.raw["operationId"] == "sign_in":
        _sign_in(case)
    if not _is_signed(case):
        return
    url = _town().url
    signer = _town().key(case.operation.definition.raw["operationId"])
    case.headers.pop("Content-Type", None)
    sent = requests.Request(**case.as_transport_kwargs(base_url=url)).prepare()
    path, _, query = str(sent.path_url).partition("?")
    body: Any = sent.body or b""
    headers = signedcall.build(
        method=case.method,
        authority=url.removeprefix("http://"),
        path=path,
        query=query,
        content_type=str(sent.headers.get("Content-Type", "application/octet-stream")),
        body=body.encode() if isinstance(body, str) else body,
        created=int(time.time()),
        nonce=encoding.b64u(secrets.token_bytes(18)),
        key_id=signer.public_key.key_id,
        signer=signer,
    )
    case.headers.update(headers)


_signed_in = 0
SIGN_INS = 3
"""Of one key; more in a short time are refused."""


def _sign_in(case: Any) -> None:
    """Give the first positive cases a challenge of the node's, signed."""
    global _signed_in  # noqa: PLW0603 - a count of this process
    positive = case.meta is None or not case.meta.is_negative_at(ParameterLocation.BODY)
    if not positive or _signed_in >= SIGN_INS:
        return
    _signed_in += 1
    url, signer = _town().url, _town().key("sign_in")
    path = f"{url}/api/v1/office/session/challenge"
    text = requests.post(path, json={"origin": url}, timeout=10).json()["text"]
    case.body = {
        "challenge": text,
        "key": signer.public_key.key_id.hex(),
        "signature": sign_login(signer, text.encode()).hex(),
    }
