"""Ciphers, canonical JSON, identifiers and trees: what is the same for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import normalise_signature, sm2_gmssl, sm3
from node.crypto.der import signature_to_der
from node.crypto.publickey import N, P

from .. import trees
from ..vectors import load_vectors
from .actors import APPLICATION, ENCRYPTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .actors import Actors

Case = dict[str, Any]


def case(op: str, name: str, given: dict[str, Any], **yields: Any) -> Case:
    """Return one case; without `yields` it must just hold."""
    return {"op": op, "name": name, "given": given, "yields": yields}


def make_cases(actors: Actors) -> Iterator[Case]:
    """Yield the cases of this file."""
    for each in load_vectors("sm3")["cases"]:
        message = each["message"].encode().hex()
        yield case("sm3", f"SM3 of {each['message']}", {"message": message}, digest=each["digest"])
    yield from _keys(actors)
    yield from _signatures(actors)
    yield from _unwrapping(actors)
    yield from _sm4()
    yield from _canonical()
    yield from _identifiers()
    yield from _trees()


def _keys(actors: Actors) -> Iterator[Case]:
    standard = load_vectors("sm2")
    raw = standard["x"] + standard["y"]
    yield case(
        "public-key",
        "the key of GB/T 32918.5 annex A",
        {"publicKey": raw},
        za=standard["za"],
        keyid=_keyid(raw),
    )
    public = actors.signers[APPLICATION].public_key
    yield case(
        "public-key",
        "the application's key",
        {"publicKey": public.raw.hex()},
        za=public.za.hex(),
        keyid=public.key_id.hex(),
    )
    wrong = {
        "a point that is not on the curve": raw[:-1] + "4",
        "a coordinate of p or more": f"{P:064x}" + raw[64:],
        "the point 0, 0": "00" * 64,
        "63 bytes": raw[:-2],
        "a leading 04": "04" + raw,
    }
    for name, value in wrong.items():
        yield case("public-key", name, {"publicKey": value}, error="malformed-key")


def _keyid(raw: str) -> str:
    from node.crypto import keccak256

    return keccak256(bytes.fromhex(raw)).hex()


def _signatures(actors: Actors) -> Iterator[Case]:
    standard = load_vectors("sm2")
    signed = standard["signature"]
    message = signed["message"].encode().hex()
    raw = standard["x"] + standard["y"]
    good = signed["r"] + signed["s"]

    def verify(name: str, signature: str, *, text: str = message, **yields: Any) -> Case:
        given = {"publicKey": raw, "message": text, "signature": signature}
        return case("sm2-verify", name, given, **yields)

    r, s = int(signed["r"], 16), int(signed["s"], 16)
    yield verify("the signature of GB/T 32918.5 annex A", good)
    wrong = {
        "r and s the other way round": signed["s"] + signed["r"],
        "r of 0": "00" * 32 + signed["s"],
        "s of 0": signed["r"] + "00" * 32,
        "r + s = n": signed["r"] + f"{N - r:064x}",
        "r of n or more": f"{r + N:064x}"[-64:] + signed["s"]
        if r + N < 2**256
        else f"{N:064x}" + signed["s"],
        "s of n": signed["r"] + f"{N:064x}",
        "s negated": signed["r"] + f"{N - s:064x}",
        "another bit": good[:-1] + f"{int(good[-1], 16) ^ 1:x}",
        "DER where 64 bytes are wanted": signature_to_der(bytes.fromhex(good)).hex(),
        "nothing": "",
    }
    for name, signature in wrong.items():
        yield verify(name, signature, error="signature-invalid")
    yield verify("another message", good, text=message + "00", error="signature-invalid")
    neighbours = {
        "over SM3 of the message without ZA": sm3(bytes.fromhex(message)),
        "with an empty user id": _e_of_empty_id(bytes.fromhex(raw), bytes.fromhex(message)),
    }
    private = sm2_gmssl.PrivateKey(int(standard["private"], 16))
    for name, e in neighbours.items():
        yield verify(name, private.sign_e(e).hex(), error="signature-invalid")
    for form in (good, signature_to_der(bytes.fromhex(good)).hex()):
        yield case(
            "signature-form",
            "r and s as 64 bytes" if form == good else "r and s as DER",
            {"signature": form},
            rs=normalise_signature(bytes.fromhex(form)).hex(),
        )
    yield case(
        "signature-form",
        "DER with a byte after it",
        {"signature": signature_to_der(bytes.fromhex(good)).hex() + "00"},
        error="signature-invalid",
    )
    yield case(
        "sm2-sign",
        "a call's text, signed by whoever runs this and verified with the public key",
        {"key": APPLICATION, "message": actors.query.base.hex()},
        verifies=True,
    )


def _e_of_empty_id(raw: bytes, message: bytes) -> bytes:
    from node.crypto.publickey import GX, GY, A, B

    curve = b"".join(value.to_bytes(32, "big") for value in (A, B, GX, GY))
    return sm3(sm3(bytes(2) + curve + raw) + message)


def _unwrapping(actors: Actors) -> Iterator[Case]:
    public = actors.town.encryption.public_key
    secret = sm3(b"ShareLedger vector: a data key")[:16]
    wrapped = sm2_gmssl.encrypt(public, secret)

    def unwrap(name: str, value: bytes, **yields: Any) -> Case:
        return case("sm2-unwrap", name, {"key": ENCRYPTION, "wrapped": value.hex()}, **yields)

    yield unwrap("a data key of 16 bytes", wrapped, dataKey=secret.hex())
    changed = {
        "C2 with another bit": wrapped[:-1] + bytes([wrapped[-1] ^ 1]),
        "C3 with another bit": wrapped[:-30] + bytes([wrapped[-30] ^ 1]) + wrapped[-29:],
        "C1 that is off the curve": wrapped[:6] + bytes([wrapped[6] ^ 1]) + wrapped[7:],
        "a byte after the end": wrapped + b"\0",
        "a data key of 15 bytes": sm2_gmssl.encrypt(public, secret[:15]),
        "wrapped to another key": sm2_gmssl.encrypt(actors.signers["stranger"].public_key, secret),
    }
    for name, value in changed.items():
        yield unwrap(name, value, error="malformed-envelope")


def _sm4() -> Iterator[Case]:
    vector = load_vectors("sm4")
    given = {name: vector[name] for name in ("key", "iv", "aad")}
    sealed = vector["ciphertext"] + vector["tag"]
    yield case(
        "sm4-gcm-open",
        vector["standard"],
        {**given, "sealed": sealed},
        plaintext=vector["plaintext"],
    )
    changed = {
        "the tag with another bit": {"sealed": sealed[:-1] + "d"},
        "other additional data": {"aad": "00" + given["aad"][2:]},
        "an iv of 16 bytes": {"iv": given["iv"] + "00000000"},
        "a tag cut to 12 bytes": {"sealed": sealed[:-8]},
    }
    for name, change in changed.items():
        yield case(
            "sm4-gcm-open", name, {**given, "sealed": sealed, **change}, error="malformed-envelope"
        )


def _canonical() -> Iterator[Case]:
    vectors = load_vectors("canonical")
    for each in vectors["accepted"]:
        name = f"the value of {each['bytes'][:24]}"
        yield case("canonical-render", name, {"value": each["value"]}, bytes=each["bytes"])
        yield case("canonical-parse", name, {"bytes": each["bytes"]}, bytes=each["bytes"])
    for name, data in vectors["refused"].items():
        yield case("canonical-parse", name, {"bytes": data}, error="malformed-request")


def _identifiers() -> Iterator[Case]:
    vectors = load_vectors("ids")
    event, items = vectors["event"], vectors["items"]
    given = {name: event[name] for name in ("created", "authority", "keyid", "nonce")}
    yield case("event-id", "a call's event", given, event=event["id"])
    given = {"codes": items["codes"], "chosen": items["chosen"]}
    yield case("bitmap", "two of three items", given, bitmap=items["bitmap"])
    yield case(
        "bitmap",
        "an item the version does not have",
        {**given, "chosen": ["XM", "XB"]},
        error="item-not-granted",
    )


def _trees() -> Iterator[Case]:
    leaves = [b"%d" % n for n in range(7)]
    hashes = [trees.root([leaf]) for leaf in leaves]
    yield case("leaf-hash", "a leaf's hash", {"leaf": leaves[0].hex()}, hash=hashes[0].hex())
    for index, size in ((0, 1), (2, 3), (5, 7), (6, 7)):
        yield _inclusion(
            f"leaf {index} of {size}",
            hashes[index],
            index,
            size,
            trees.path(index, leaves[:size]),
            trees.root(leaves[:size]),
        )
    path, root = trees.path(5, leaves), trees.root(leaves)
    changed: dict[str, tuple[bytes, int, int, list[bytes], bytes]] = {
        "another leaf": (hashes[4], 5, 7, path, root),
        "another index": (hashes[5], 4, 7, path, root),
        "an index outside the tree": (hashes[5], 7, 7, path, root),
        "another size": (hashes[5], 5, 6, path, root),
        "a node too few": (hashes[5], 5, 7, path[:-1], root),
        "a node too many": (hashes[5], 5, 7, [*path, root], root),
        "another root": (hashes[5], 5, 7, path, hashes[0]),
        "an empty tree": (hashes[5], 0, 0, [], root),
    }
    for name, parts in changed.items():
        yield _inclusion(name, *parts, error="inclusion-invalid")
    yield from _consistency(leaves)


def _inclusion(  # noqa: PLR0917 - as the standard orders them
    name: str, leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes, **yields: Any
) -> Case:
    given = {"leafHash": leaf.hex(), "index": index, "size": size}
    return case(
        "inclusion",
        name,
        {**given, "proof": [node.hex() for node in proof], "root": root.hex()},
        **yields,
    )


def _consistency(leaves: list[bytes]) -> Iterator[Case]:
    def of(
        name: str,
        old: int,
        new: int,
        *,
        proof: list[bytes] | None = None,
        old_root: bytes | None = None,
        **yields: Any,
    ) -> Case:
        nodes = trees.proof(old, leaves[:new]) if proof is None else proof
        given = {
            "old": old,
            "oldRoot": (old_root or trees.root(leaves[:old])).hex(),
            "new": new,
            "newRoot": trees.root(leaves[:new]).hex(),
            "proof": [node.hex() for node in nodes],
        }
        return case("consistency", name, given, **yields)

    for old, new in ((1, 2), (3, 7), (4, 7), (6, 7), (7, 7)):
        yield of(f"{old} to {new}", old, new)
    yield of("from nothing, without a proof", 0, 7, proof=[])
    wrong = trees.root([b"another"])
    refused: dict[str, Case] = {
        "another old root": of("", 3, 7, old_root=wrong),
        "a node too few": of("", 3, 7, proof=trees.proof(3, leaves)[:-1]),
        "a node too many": of("", 3, 7, proof=[*trees.proof(3, leaves), wrong]),
        "no proof": of("", 3, 7, proof=[]),
        "equal sizes and other roots": of("", 7, 7, old_root=wrong),
        "equal sizes with a proof": of("", 7, 7, proof=[wrong]),
        "a tree that shrank": {**of("", 7, 7), "given": {**of("", 7, 7)["given"], "new": 6}},
    }
    for name, each in refused.items():
        yield case("consistency", name, each["given"], error="consistency-invalid")
