"""The offline verifier: a bundle and a trust file in, the lines of what was proven out.

No network, no database, no chain library. Everything is replayed from the root key and the trusted
head; the first thing that does not hold ends it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import EvidenceInvalid, MalformedEvidence
from ..ledger.facts import VersionFact
from ..ledger.judge import LEDGER_CODES, verify_permission
from ..ledger.report import Check, Evidence, Verdict
from ..wire.leaf import SERVED
from .bundle import parse_bundle
from .claim import (
    parse_claim,
    verify_call,
    verify_place,
    verify_request,
)
from .describe import Describer
from .proven import describe_chain, find_end, verify_chain
from .replay import find_version, replay, verify_documents

if TYPE_CHECKING:
    from ..wire.trustfile import Trust
    from .bundle import Bundle


def verify_evidence(data: bytes, trust: Trust) -> Evidence:
    """Verify a bundle against a trust file and say what it proves.

    Raises:
        EvidenceInvalid: it proves nothing; `facts` say `where` and, as `text`, what in Chinese.
    """
    try:
        bundle = parse_bundle(data)
    except MalformedEvidence as err:
        where = str(err.facts.get("where", "file"))
        raise EvidenceInvalid(
            err.message, where=where, text="证据包格式不合规范", english=err.message
        ) from err
    end, beyond = find_end(bundle, trust)
    # The blocks before may be trusted, but nothing else is asked of them than of this one.
    evidence = _verify(bundle, replace(trust, head=end, blocks=b""))
    if beyond is None:
        return evidence
    return replace(evidence, verdict="incomplete", checks=(beyond, *evidence.checks))


def _verify(bundle: Bundle, trust: Trust) -> Evidence:
    headers, events = verify_chain(bundle, trust)
    claim = parse_claim(bundle)
    leaf = claim.leaf
    replayed = replay(
        events,
        trust,
        block=leaf.block_number,
        authorisation=leaf.authorisation,
        key_id=claim.call.key_id,
    )
    judged, records = replayed.judged, replayed.records
    papers = verify_documents(bundle, events, replayed)
    verify_call(bundle, claim, headers, records)
    place = verify_place(bundle, claim, replayed, papers, headers)
    verify_permission(leaf, judged, place.log.department)
    version = records.find(VersionFact, judged.entry, judged.version)
    verify_request(bundle, claim, judged.purpose, find_version(papers, version))

    say = Describer(replayed, events, papers)
    change = replayed.find_change(place.anchor.block_number)
    verdict: Verdict = "proven" if change is None else "undetermined"
    return Evidence(
        verdict=verdict,
        checks=(
            *describe_chain(headers, bundle, events),
            say.decisions(),
            say.documents(),
            *say.versions(judged.entry, judged.version),
            *say.authorisation(leaf.authorisation),
            say.call(claim, bundle),
            _permission(leaf.outcome, leaf.block_number),
            say.leaf(bundle, claim),
            say.checkpoint(claim, place),
            say.anchor(claim, place, headers),
            _stability(leaf.block_number, place.anchor.block_number, change),
        ),
        event=leaf.event,
        authorisation=leaf.authorisation,
        outcome=leaf.outcome,
        end=trust.head,
    )


def _permission(outcome: str, block: int) -> Check:
    if outcome == SERVED:
        text = f"按第 {block} 块的账本状态，该密钥、数据项、期限均在授权之内"
        english = f"as of block {block} key, items and period were within the authorisation"
    elif outcome in LEDGER_CODES:
        text = f"按第 {block} 块的账本状态，拒绝理由 {outcome} 成立"
        english = f"as of block {block} the ledger gave the ground for {outcome}"
    else:
        text = f"调用被拒绝（{outcome}）；该理由不由账本状态决定，仅证明已如实记录"
        english = f"refused ({outcome}); the ledger does not decide this ground, it is on record"
    return Check("permission", text, english, where="leaf.outcome")


def _stability(first: int, last: int, change: int | None) -> Check:
    if change is None:
        return Check(
            "stability",
            f"第 {first} 块至锚定的第 {last} 块之间，判定所依据的状态没有变化",
            f"what the call was judged by did not change from block {first} to {last}",
            where="leaf.block",
        )
    return Check(
        "stability",
        f"第 {change} 块改变了判定所依据的状态，而条目在第 {last} 块才锚定："
        "先后不能证明，结论为「不能确定」",
        f"block {change} changed what the call was judged by before block {last} anchored it: "
        "undetermined",
        ok=False,
        where="leaf.block",
    )
