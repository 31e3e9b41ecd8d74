"""A key made elsewhere is registered by its public half: its holder signs, the official sends.

Every decision that registers a key carries the new key's own signature over the decision's text
(protocol.md section 3). Where the key is not at hand, the decision is drafted to the last bit,
nonce and term, and written into a request; whoever holds the key signs the text in it with his own
tool; then the official signs the very same decision and sends both. He signs nothing before.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from ..crypto import (
    Sm2PublicKey,
    decision_text,
    normalise_signature,
    sign_decision,
    verify_decision,
)
from ..crypto.neighbours import find_neighbour
from ..errors import InvalidInput, MalformedKey, SignatureInvalid
from ..protocol import forms as documents
from ..protocol.evm.decision import DECISIONS, Domain, hash_decision
from ..protocol.wire import canonical
from .act import Act, of_document
from .desk import NONCE_BITS

if TYPE_CHECKING:
    from ..crypto import Signer

LIFE_SECONDS = 6 * 24 * 60 * 60
"""From the request to the decision; the contracts allow seven days."""
REQUEST_BYTES = 1_048_576
PROOF_BYTES = 4_096

_MEMBERS = {
    "decision": str,
    "chainId": int,
    "contract": str,
    "nonce": str,
    "notAfter": int,
    "publicKey": str,
    "text": str,
    "paper": dict,
}
_HEX = re.compile(rb"(?:0x)?((?:[0-9a-fA-F]{2})+)")


class Request(NamedTuple):
    """A decision that waits for the proof of its new key."""

    act: Act
    """Its message has nonce and notAfter."""
    domain: Domain
    hash: bytes
    """EIP-712 hash, 32 bytes: what both sign."""
    public: Sm2PublicKey
    """The key it registers."""

    @property
    def text(self) -> bytes:
        """The 85 bytes that the holder signs."""
        return decision_text(self.hash)


def request_possession(act: Act, domain: Domain, now: float) -> Request:
    """Fix a decision that registers a key; it can be taken for six days from `now`, in seconds.

    One that a node prepared has its nonce and term already, and keeps them.

    Raises:
        InvalidInput: it registers none.
    """
    fixed = {"nonce": secrets.randbits(NONCE_BITS), "notAfter": int(now) + LIFE_SECONDS}
    return _request(act._replace(message={**fixed, **act.message}), domain)


def render_request(request: Request) -> bytes:
    """Return the file that goes to the holder and comes back: JSON that people can read."""
    message = request.act.message
    (paper,) = request.act.documents
    said = {
        "decision": request.act.kind,
        "chainId": request.domain.chain_id,
        "contract": request.domain.contract.hex(),
        "nonce": str(message["nonce"]),
        "notAfter": message["notAfter"],
        "publicKey": request.public.raw.hex(),
        "text": request.text.decode("ascii"),
        "paper": json.loads(paper),
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"


def parse_request(data: bytes) -> Request:
    """Read a request again; everything in it is derived anew, and compared.

    Raises:
        InvalidInput, MalformedDocument: it is none, or its parts contradict each other.
    """
    said = _members(data)
    try:
        contract, nonce = bytes.fromhex(said["contract"]), int(said["nonce"])
        domain = Domain(said["chainId"], contract)
        act = of_document(said["decision"], documents.parse(canonical.dumps(said["paper"])))
        fixed = {"nonce": nonce, "notAfter": said["notAfter"]}
        request = _request(act._replace(message={**act.message, **fixed}), domain)
    except (ValueError, TypeError, OverflowError, KeyError) as error:
        raise InvalidInput(f"不是持有证明请求 / no request for a proof: {error}") from error
    wanted = (request.public.raw.hex(), request.text.decode("ascii"))
    if (said["publicKey"], said["text"]) != wanted:
        raise InvalidInput(
            "持有证明请求前后不符：text、publicKey 不是由其余各项得出的"
            " / the request's text or key does not follow from its paper"
        )
    return request


def prove_possession(request: Request, signer: Signer) -> bytes:
    """Sign a request as the holder of its key; return r‖s, 64 bytes.

    Raises:
        MalformedKey: it is for another key.
    """
    if signer.public_key != request.public:
        raise MalformedKey(
            f"请求要登记的是密钥 {request.public.key_id.hex()}，不是这一把"
            " / the request is for another key"
        )
    return sign_decision(signer, request.hash)


def read_proof(data: bytes, request: Request) -> bytes:
    """Return the holder's signature: DER or r‖s, as bytes, in hex or in base64; checked.

    Raises:
        SignatureInvalid: it is none, or not this key's over this text; a setting of the library
            that made it is named where it can be told.
    """
    signature = normalise_signature(_octets(data))
    try:
        verify_decision(request.public, request.hash, signature)
    except SignatureInvalid:
        found = find_neighbour(request.public, request.text, signature)
        why = "" if found is None else f"{found.chinese} / {found.english}"
        raise SignatureInvalid(
            why
            or "持有证明不成立：应由新密钥对请求的 text（85 字节，末尾没有换行）签名"
            " / the proof is not the new key's signature of the request's text"
        ) from None
    return signature


def _request(act: Act, domain: Domain) -> Request:
    declared, message = DECISIONS.get(act.kind), act.message
    point = ("qx", "qy") if "qx" in message else ("headX", "headY")
    if declared is None or not declared.possession or point[0] not in message:
        raise InvalidInput(f"{act.kind} 不登记密钥 / registers no key")
    public = Sm2PublicKey.from_coordinates(*(message[name] for name in point))
    return Request(act, domain, hash_decision(declared, message, domain), public)


def _members(data: bytes) -> dict[str, Any]:
    if len(data) > REQUEST_BYTES:
        raise InvalidInput("持有证明请求太大 / the request is too large")
    try:
        said: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"不是持有证明请求 / no request for a proof: {error}") from error
    kinds = {name: type(value) for name, value in said.items()} if isinstance(said, dict) else None
    if kinds != _MEMBERS:
        raise InvalidInput("不是持有证明请求 / no request for a proof: other members")
    return dict(said)


def _octets(data: bytes) -> bytes:
    """Return the bytes of a signature that may be written as text."""
    if len(data) > PROOF_BYTES:
        raise SignatureInvalid("签名文件太大 / the file is too large for a signature")
    text = b"".join(data.split())
    if len(text) > 64 and (found := _HEX.fullmatch(text)):  # noqa: PLR2004 - r‖s is 64 bytes
        return bytes.fromhex(found[1].decode("ascii"))
    try:
        return base64.b64decode(text, validate=True) if len(text) > 64 else data  # noqa: PLR2004
    except binascii.Error:
        return data
