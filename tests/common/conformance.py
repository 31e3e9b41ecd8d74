"""Runs docs/conformance/conformance.json with the Python client, whatever it is imported as.

In this repository the client is `node`; in the wheel it is `shareledger_client`, which has nothing
of `tests`: so this file stands alone, and `python conformance.py PACKAGE FILE` prints what failed.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = "http://own.example"


class Runner:
    """The client of one package, and the file's keys, calls and nodes."""

    def __init__(self, file: dict[str, Any], package: str) -> None:
        self.file = file

        def of(name: str) -> Any:
            return import_module(f"{package}.{name}")

        self.crypto, self.errors = of("crypto"), of("errors")
        self.http, self.trust = of("client.http"), of("client.trust")
        self.calls, self.checks = of("client.calls"), of("client.checks")
        self.canonical, self.encoding = of("protocol.wire.canonical"), of("protocol.wire.encoding")
        self.signedcall, self.merkle = of("protocol.wire.signedcall"), of("protocol.wire.merkle")
        self.envelope, self.receipts = of("protocol.wire.envelope"), of("protocol.wire.receipt")
        self.items, self.ids = of("protocol.wire.items"), of("protocol.wire.ids")
        self.evidence, self.trustfile = of("protocol.evidence"), of("protocol.wire.trustfile")
        self.found = (
            self.errors.VerificationError,
            self.errors.MalformedReceipt,
            self.errors.MalformedCheckpoint,
            self.errors.MalformedEnvelope,
        )

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return what the client makes of a case: values, or the code of the error."""
        perform: Callable[[dict[str, Any]], dict[str, Any]]
        perform = getattr(self, "_" + case["op"].replace("-", "_"))
        try:
            return perform(case["given"])
        except self.errors.LedgerError as error:
            return {"error": error.code}

    # --- keys ---------------------------------------------------------------------------------

    def _public(self, name: str) -> Any:
        raw = bytes.fromhex(self.file["keys"]["sm2"][name]["publicKey"])
        return self.crypto.Sm2PublicKey.from_raw(raw)

    def _private(self, kind: Any, name: str) -> Any:
        scalar = int(self.file["keys"]["sm2"][name]["d"], 16)
        return kind.from_scalar(scalar, self._public(name))

    def _signer(self, name: str) -> Any:
        return self._private(self.crypto.SoftwareSigner, name)

    def _unwrapper(self, name: str) -> Any:
        return self._private(self.crypto.SoftwareUnwrapper, name)

    # --- ciphers and forms --------------------------------------------------------------------

    def _sm3(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"digest": self.crypto.sm3(bytes.fromhex(given["message"])).hex()}

    def _public_key(self, given: dict[str, Any]) -> dict[str, Any]:
        key = self.crypto.Sm2PublicKey.from_raw(bytes.fromhex(given["publicKey"]))
        return {"za": key.za.hex(), "keyid": key.key_id.hex()}

    def _sm2_verify(self, given: dict[str, Any]) -> dict[str, Any]:
        raw, message, signature = (
            bytes.fromhex(given[name]) for name in ("publicKey", "message", "signature")
        )
        self.crypto.verify_sm2(self.crypto.Sm2PublicKey.from_raw(raw), message, signature)
        return {}

    def _sm2_sign(self, given: dict[str, Any]) -> dict[str, Any]:
        message = bytes.fromhex(given["message"])
        signature = self.crypto.sign_call(self._signer(given["key"]), message)
        self.crypto.verify_sm2(self._public(given["key"]), message, signature)
        return {"verifies": True}

    def _signature_form(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"rs": self.crypto.normalise_signature(bytes.fromhex(given["signature"])).hex()}

    def _sm2_unwrap(self, given: dict[str, Any]) -> dict[str, Any]:
        unwrapper = self._unwrapper(given["key"])
        return {"dataKey": unwrapper.unwrap(bytes.fromhex(given["wrapped"])).hex()}

    def _sm4_gcm_open(self, given: dict[str, Any]) -> dict[str, Any]:
        parts = (bytes.fromhex(given[name]) for name in ("key", "iv", "aad", "sealed"))
        return {"plaintext": self.crypto.sm4_open(*parts).hex()}

    def _canonical_render(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"bytes": self.canonical.dumps(given["value"]).hex()}

    def _canonical_parse(self, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "bytes": self.canonical.dumps(self.canonical.loads(bytes.fromhex(given["bytes"]))).hex()
        }

    def _event_id(self, given: dict[str, Any]) -> dict[str, Any]:
        parts = (given[name] for name in ("created", "authority", "keyid", "nonce"))
        return {"event": self.ids.event_id(*parts).hex()}

    def _bitmap(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"bitmap": f"{self.items.bitmap(given['codes'], given['chosen']):064x}"}

    def _leaf_hash(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"hash": self.merkle.leaf_hash(bytes.fromhex(given["leaf"])).hex()}

    def _inclusion(self, given: dict[str, Any]) -> dict[str, Any]:
        proof = [bytes.fromhex(node) for node in given["proof"]]
        leaf, root = bytes.fromhex(given["leafHash"]), bytes.fromhex(given["root"])
        self.merkle.verify_inclusion(leaf, given["index"], given["size"], proof, root)
        return {}

    def _consistency(self, given: dict[str, Any]) -> dict[str, Any]:
        proof = [bytes.fromhex(node) for node in given["proof"]]
        old, new = bytes.fromhex(given["oldRoot"]), bytes.fromhex(given["newRoot"])
        self.merkle.verify_consistency(given["old"], old, given["new"], new, proof)
        return {}

    # --- requests -----------------------------------------------------------------------------

    def _sign_request(self, given: dict[str, Any]) -> dict[str, Any]:
        signer = self._signer(given["key"])
        body = given["body"].encode()
        parts = (given["method"], given["authority"], given["path"], given["query"])
        headers = self.signedcall.build(
            *parts,
            given["contentType"],
            body,
            given["created"],
            given["nonce"],
            signer.public_key.key_id,
            signer,
        )
        call = self.signedcall.parse(*parts, headers, body)
        self.signedcall.verify(call, signer.public_key, given["created"])
        return {
            "contentDigest": headers["content-digest"],
            "signatureInput": headers["signature-input"],
            "base": call.base.decode(),
            "e": signer.public_key.message_hash(call.base).hex(),
            "event": call.event.hex(),
        }

    def _verify_request(self, given: dict[str, Any]) -> dict[str, Any]:
        call = self.signedcall.parse(
            given["method"],
            given["authority"],
            given["path"],
            given["query"],
            [(name.encode(), value.encode()) for name, value in given["headers"]],
            given["body"].encode(),
        )
        self.signedcall.verify(call, self._public(given["key"]), given["now"])
        return {"base": call.base.decode(), "event": call.event.hex()}

    # --- answers and receipts -----------------------------------------------------------------

    def _open_envelope(self, given: dict[str, Any]) -> dict[str, Any]:
        envelope, event = given["envelope"], bytes.fromhex(given["event"])
        plain = self.envelope.open_envelope(envelope, self._unwrapper(given["key"]), event)
        return {
            "plaintext": plain.decode(),
            "plain": self.crypto.sm3(plain).hex(),
            "answer": self.crypto.sm3(self.envelope.envelope_bytes(envelope)).hex(),
        }

    def _believing(self, own: dict[str, Any]) -> Any:
        """Return the trust of a client in a node that answers these paths, and no others."""
        signer = self._signer("application")
        http = self.http.SignedHttp(signer, transport=httpx.MockTransport(_answering(own)))
        return self.trust.NodeTrust(http, OWN)

    def _client(self, own: dict[str, Any], provider: Callable[[Any], httpx.Response]) -> Any:
        return self.calls.LedgerClient(
            "http://ledger.police.example:8443",
            self._signer("application"),
            self._unwrapper("encryption key of the application"),
            self._believing(own),
            transport=httpx.MockTransport(provider),
        )

    def asked(self, name: str) -> tuple[Any, Any]:
        """Return a call of the file as the client that sent it knows it: request and `Asked`."""
        call = self.file["calls"][name]
        parts = (call["method"], call["authority"], call["path"], call["query"])
        signed = self.signedcall.SignedCall(
            base=call["base"].encode(),
            created=call["created"],
            nonce=call["nonce"],
            key_id=bytes.fromhex(self.file["keys"]["sm2"][call["key"]]["keyid"]),
            signature=bytes.fromhex(call["signature"]),
            event=bytes.fromhex(call["event"]),
            authority=call["authority"],
            media_type=call["contentType"],
        )
        asked = self.checks.Asked(
            signed, call["authorisation"], tuple(call["items"]), call["operator"], call["matter"]
        )
        url = httpx.URL(f"http://{parts[1]}{parts[2]}")
        request = self.http.SignedRequest(parts[0], url, {}, call["body"].encode())
        return request, asked

    def _query(self, given: dict[str, Any]) -> dict[str, Any]:
        content = given["text"].encode() if "text" in given else json.dumps(given["body"]).encode()

        def provider(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(given["status"], content=content)

        request, asked = self.asked(given["call"])
        with self._client(self.file["nodes"][given["own"]], provider) as client:
            try:
                answer = client.send(request, asked)
            except self.errors.LedgerError as error:
                if given["status"] == httpx.codes.OK or isinstance(error, self.found):
                    raise
                proven = isinstance(error.facts.get("receipt"), self.receipts.Receipt)
                return {"refused": error.code, "receipt": proven}
        return {
            "rows": answer.rows,
            "next": answer.next,
            "masked": answer.masked,
            "asOf": answer.as_of,
            "remaining": {"calls": answer.remaining_calls, "rows": answer.remaining_rows},
        }

    def _kept_receipt(self, given: dict[str, Any]) -> dict[str, Any]:
        receipt = self.receipts.Receipt.parse(given["receipt"])
        self.checks.verify_kept(receipt, self._believing(self.file["nodes"][given["own"]]))
        department, generation = self.checks.log_of(receipt)
        leaf = receipt.parsed_leaf
        return {
            "department": department,
            "generation": generation,
            "index": receipt.index,
            "size": receipt.size,
            "event": leaf.event.hex(),
            "outcome": leaf.outcome,
            "at": leaf.at,
        }

    def _upgrade(self, given: dict[str, Any]) -> dict[str, Any]:
        own = {**self.file["nodes"][given["own"]], **given["anchors"]}
        with self._client(own, _answering(given["provider"])) as client:
            upgraded = client.upgrade(self.receipts.Receipt.parse(given["receipt"]))
        return {"anchored": upgraded.render().get("anchored")}

    def _verify_bundle(self, given: dict[str, Any]) -> dict[str, Any]:
        text, edit = self.file["bundles"][given["bundle"]], given["edit"]
        end = edit["offset"] + edit["remove"]
        data = (text[: edit["offset"]] + edit["insert"] + text[end:]).encode()
        trust = self.trustfile.parse_trust(json.dumps(given["trust"]).encode())
        report = self.evidence.verify_evidence(data, trust)
        return {
            "verdict": report.verdict,
            "event": report.event.hex(),
            "outcome": report.outcome,
            "authorisation": report.authorisation,
        }


def _answering(answers: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.raw_path.decode())
        if found is None:
            problem = {"code": "not-found", "status": 404, "detail": "nothing there"}
            return httpx.Response(404, json=problem)
        return httpx.Response(200, json=found)

    return answer


def main() -> None:
    """Run every case; the exit code is 1 where one came out otherwise."""
    package, path = sys.argv[1:]
    file = json.loads(Path(path).read_text(encoding="utf-8"))
    runner, failed = Runner(file, package), 0
    for case in file["cases"]:
        got = runner.run(case)
        if got != case["yields"]:
            failed += 1
            print(f"{case['op']}: {case['name']}: {got}, not {case['yields']}")  # noqa: T201
    print(f"{len(file['cases'])} cases, {failed} failed")  # noqa: T201
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
