"""A new key for an officer who has one: made and proved where he sits, registered by his head.

A draft of kind `key` holds what the command line's `--request` and `--possession` files hold
(`possession`): a decision fixed to the last bit, which the new key has signed. The head signs the
very same, or gives it back. It lasts as long as a request does: six days.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..errors import InvalidInput, NotEntitled
from .possession import Request, parse_request, read_proof, render_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..protocol.evm.decision import Domain

KIND = "key"
MEMBERS = ("name", "post", "validFrom", "validUntil", "publicKey")
"""What he says of his key; department and person are those of the key he has."""


class Wanted(NamedTuple):
    """A new key that waits for its registration."""

    request: Request
    possession: bytes
    """The new key's signature of it, r‖s, 64 bytes."""

    @property
    def paper(self) -> dict[str, Any]:
        """The members of its `officer-key` document."""
        members: dict[str, Any] = json.loads(self.request.act.documents[0])
        return members

    @property
    def fields(self) -> dict[str, Any]:
        """What was asked for: the paper without what every paper is given."""
        return {k: v for k, v in self.paper.items() if k not in {"type", "v", "salt"}}

    @property
    def until(self) -> int:
        """Unix second after which the contract refuses it."""
        last: int = self.request.act.message["notAfter"]
        return last

    def dump(self) -> bytes:
        """Return a draft's body."""
        request = orjson.Fragment(render_request(self.request))
        return orjson.dumps({"request": request, "possession": self.possession.hex()})


def load_wanted(body: bytes) -> Wanted:
    """Return what `Wanted.dump` wrote.

    Raises:
        InvalidInput, SignatureInvalid: it is another draft.
    """
    members = orjson.loads(body)
    request = parse_request(json.dumps(members["request"]).encode())
    return Wanted(request, read_proof(members["possession"].encode(), request))


def read_wanted(
    request: str, possession: str, *, domain: Domain, department: str, person: str
) -> Wanted:
    """Read what an officer of a department hands over for himself, who is `person`.

    Raises:
        InvalidInput, SignatureInvalid: as `possession`; or it is of another deployment.
        NotEntitled: it is another decision, or for somebody else.
    """
    asked = parse_request(request.encode())
    found = Wanted(asked, read_proof(possession.encode(), asked))
    if asked.domain != domain:
        raise InvalidInput("请求是给另一条链或另一个合约的 / it is for another chain or contract")
    whose = {"type": "officer-key", "department": department, "person": person}
    if asked.act.kind != "AddKey" or not whose.items() <= found.paper.items():
        raise NotEntitled("只能为自己申请本部门的新密钥 / one applies for one's own new key")
    return found


def find_person(paper: bytes | None) -> Mapping[str, Any] | None:
    """Return name, post and handle (`person`) of an officer by the paper that registered his key.

    None where it is not here, or says of nobody.
    """
    members = orjson.loads(paper) if paper is not None else {}
    # A first head's key stands in the department's own paper, a recovered one's in the recovery's.
    said: dict[str, Any] = members.get("head") or members
    return said if {"name", "post", "person"} <= said.keys() else None
