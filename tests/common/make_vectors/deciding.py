"""Vectors of documents and of a decision of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import decision_text, keccak256, sign_decision
from node.protocol import forms as documents
from node.protocol.evm.abi import load_abi
from node.protocol.evm.decision import (
    DECISIONS,
    Domain,
    calldata,
    hash_decision,
)
from node.protocol.evm.eip712 import encode_type
from node.protocol.wire import ids

from .. import papers
from .town import CHAIN_ID, CONTRACTS, NOT_AFTER

if TYPE_CHECKING:
    from .town import Town


def make_documents(town: Town) -> dict[str, Any]:
    """Return a document of every kind with its digest and the struct fields that follow."""
    version = town.papers["catalogue-version"].body
    return {
        "standard": "GB/T 32905 (SM3); docs/protocol.md 2. Fields: 0x-hex, integers as text",
        "documents": [
            {
                "kind": kind,
                "bytes": paper.data.decode(),
                "digest": paper.digest.hex(),
                "fields": plain(documents.derive(paper, version=version)),
            }
            for kind, paper in town.papers.items()
        ],
    }


def make_decisions(town: Town) -> dict[str, Any]:
    """Return a decision of every kind: struct, hash, signed text, signatures, calldata."""
    version = town.papers["catalogue-version"].body
    derived = {kind: documents.derive(p, version=version) for kind, p in town.papers.items()}
    digest = {kind: paper.digest for kind, paper in town.papers.items()}
    applied, filed = derived["application"], derived["catalogue-version"]
    centre, head, office = (
        "head of the data centre",
        "head of the police",
        "office head of the police",
    )
    education, applicant = (
        "head of the education department",
        "office head of the education department",
    )

    def of(kind: str) -> dict[str, Any]:
        return {**derived[kind], "digest": digest[kind]}

    def but(fields: dict[str, Any], *left_out: str) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name not in left_out}

    contract = {
        "name": ids.contract_name_id("AccessAnchors"),
        "contractAddress": CONTRACTS["AccessAnchors"],
        "codeHash": keccak256(b"the code of the contract"),
    }
    standing = {
        "entry": applied["entry"],
        "standing": True,
        "callsPerDay": 1000,
        "rowsPerDay": 100_000,
        "terms": ids.ZERO,
    }
    log = {"department": ids.department_id(papers.POLICE), "relay": bytes.fromhex("b1" * 20)}
    update = {
        name: of("department")[name]
        for name in ("department", "competent", "screening", "mayEnrol", "digest")
    }
    members: list[tuple[str, str, dict[str, Any]]] = [
        ("EnrolDepartment", centre, of("department")),
        ("UpdateDepartment", head, update),
        ("SetDepartmentStatus", centre, of("department-status")),
        ("RecoverKey", centre, of("recovery")),
        ("AddKey", education, of("key")),
        ("RevokeKey", education, of("revocation")),
        ("GrantRoles", head, of("roles")),
        ("RegisterApplication", applicant, of("application-object")),
        ("ListContract", centre, contract),
        (
            "SubmitVersions",
            head,
            {
                "department": filed["department"],
                "versions": [but(of("catalogue-version"), "department")],
            },
        ),
        ("ReviewVersions", "reviewer", of("review")),
        ("SetStandingReply", office, standing),
        ("SubmitWithdrawal", head, of("withdrawal")),
        ("ReviewWithdrawal", "reviewer", of("withdrawal-review")),
        ("FreezeEntry", centre, of("freeze-order")),
        ("UnfreezeEntry", centre, of("unfreeze-order")),
        (
            "ApplyFor",
            applicant,
            {
                "department": applied["department"],
                "applications": [but(of("application"), "department")],
            },
        ),
        ("Reply", office, of("reply")),
        ("Step", office, of("step")),
        ("Change", applicant, of("change")),
        ("RegisterLog", head, log),
        ("SupersedeLog", head, of("log-succession")),
    ]
    possession = {
        "EnrolDepartment": head,
        "RecoverKey": "new head of the police",
        "AddKey": "application",
    }
    return {
        "standard": "EIP-712, GB/T 32918.2; docs/protocol.md 3. Members: 0x-hex, integers as text",
        "chainId": CHAIN_ID,
        "contracts": {name: address.hex() for name, address in CONTRACTS.items()},
        "decisions": [
            _decision(town, number, name, signer, message, possession=possession.get(name))
            for number, (name, signer, message) in enumerate(members, 1)
        ],
    }


def _decision(
    town: Town,
    number: int,
    name: str,
    signer: str,
    message: dict[str, Any],
    *,
    possession: str | None,
) -> dict[str, Any]:
    kind = DECISIONS[name]
    whole = {**message, "nonce": number, "notAfter": NOT_AFTER}
    key = town.keys[signer]
    hashed = hash_decision(kind, whole, Domain(CHAIN_ID, CONTRACTS[kind.contract]))
    signature = sign_decision(key, hashed)
    proof = sign_decision(town.keys[possession], hashed) if possession else None
    parameter = next(
        item["inputs"][0]
        for item in load_abi(kind.contract)
        if item["type"] == "function" and item["name"] == kind.function
    )
    data = calldata(kind, whole, key.public_key.key_id, signature, proof)
    return {
        "struct": name,
        "contract": kind.contract,
        "function": kind.function,
        "event": kind.event,
        "type": encode_type(parameter),
        "message": plain({name: whole[name] for name in kind.fields}),
        "hash": hashed.hex(),
        "text": decision_text(hashed).decode(),
        "signer": signer,
        "signature": signature.hex(),
        "possession": proof.hex() if proof else None,
        "possessedBy": possession,
        "calldata": data.hex(),
    }


def plain(value: Any) -> Any:
    """Return a struct's value as EIP-712 tools read it: bytes as 0x-hex, integers as text."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    return {name: plain(each) for name, each in value.items()}
