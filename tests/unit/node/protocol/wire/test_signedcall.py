import base64
import datetime as dt
from typing import Any

import pytest
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HTTPSignatureAlgorithm
from http_message_signatures.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import (
    Sm2PublicKey,
    SoftwareSigner,
    sign_call,
    sm3,
    verify_sm2,
)
from node.crypto.der import signature_to_der
from node.errors import (
    ClockSkew,
    DigestMismatch,
    InvalidInput,
    SignatureInvalid,
)
from node.protocol.wire import ids, signedcall
from node.protocol.wire.signedcall import SignedCall
from tests.common.vectors import load_vectors

SIGNER = SoftwareSigner.generate()
NOW = 1_790_000_000
NONCE = "AAECAwQFBgcICQoLDA0ODw"
BODY = '{"items":["姓名"]}'.encode()
PARTS: dict[str, Any] = {
    "method": "POST",
    "authority": "ledger.example.gov.cn:8443",
    "path": "/api/v1/authorisations/12/query",
    "query": "page=1&x=%20",
    "content_type": "application/json; charset=utf-8",
    "body": BODY,
    "created": NOW,
    "nonce": NONCE,
    "key_id": SIGNER.public_key.key_id,
    "signer": SIGNER,
}
HEADERS = signedcall.build(**PARTS)
VECTORS = load_vectors("calls")
_KEY = load_vectors("keys")["sm2"][VECTORS["key"]]
VECTOR_PUBLIC = Sm2PublicKey.from_coordinates(int(_KEY["x"], 16), int(_KEY["y"], 16))
VECTOR_KEY = bytes.fromhex(_KEY["keyid"])


def receive(headers: Any = None, **changes: Any) -> SignedCall:
    values = {**PARTS, **changes}
    return signedcall.parse(
        values["method"],
        values["authority"],
        values["path"].encode("latin-1"),
        values["query"].encode("latin-1"),
        HEADERS if headers is None else headers,
        values["body"],
    )


@pytest.mark.parametrize("vector", VECTORS["calls"], ids=lambda vector: vector["name"])
class TestTheVectors:
    def test_the_base_is_exact(self, vector: dict[str, Any]) -> None:
        params = signedcall.signature_params(vector["created"], vector["nonce"], VECTOR_KEY.hex())
        base = signedcall.signature_base(
            **{name: vector[name] for name in ("method", "authority", "path", "query")},
            content_type=vector["headers"]["content-type"],
            digest=signedcall.content_digest(vector["body"].encode()),
            params=params,
        )
        assert base.decode() == vector["base"]

    def test_the_request_is_received_and_verifies(self, vector: dict[str, Any]) -> None:
        call = signedcall.parse(
            vector["method"],
            vector["authority"],
            vector["path"],
            vector["query"],
            vector["headers"],
            vector["body"].encode(),
        )
        signedcall.verify(call, VECTOR_PUBLIC, vector["created"])
        assert call.base.decode() == vector["base"]
        assert call.signature.hex() == vector["signature"]
        assert call.event.hex() == vector["event"]
        assert VECTOR_PUBLIC.message_hash(call.base).hex() == vector["e"]


class TestRoundTrip:
    def test_a_built_call_is_received_and_verifies(self) -> None:
        call = receive()
        signedcall.verify(call, SIGNER.public_key, NOW)
        assert (call.created, call.nonce, call.key_id) == (NOW, NONCE, SIGNER.public_key.key_id)
        assert call.media_type == "application/json"
        keyid = SIGNER.public_key.key_id.hex()
        assert call.event == ids.event_id(NOW, PARTS["authority"], keyid, NONCE)

    def test_headers_may_come_as_the_pairs_of_asgi(self) -> None:
        pairs = [(name.title().encode(), value.encode()) for name, value in HEADERS.items()]
        assert receive([(b"Host", b"x"), *pairs]) == receive()

    def test_paths_may_come_as_text(self) -> None:
        call = signedcall.parse(
            "POST", PARTS["authority"], PARTS["path"], PARTS["query"], HEADERS, BODY
        )
        assert call == receive()

    def test_the_authority_is_compared_in_lower_case(self) -> None:
        assert receive(authority="Ledger.Example.gov.cn:8443") == receive()

    def test_a_signature_in_der_is_normalised(self) -> None:
        raw = base64.b64decode(HEADERS["signature"][5:-1])
        der = base64.b64encode(signature_to_der(raw)).decode()
        assert receive({**HEADERS, "signature": f"sig=:{der}:"}) == receive()

    def test_an_empty_body_is_signed_too(self) -> None:
        parts = {**PARTS, "method": "GET", "body": b"", "query": ""}
        call = receive(signedcall.build(**parts), method="GET", body=b"", query="")
        signedcall.verify(call, SIGNER.public_key, NOW)
        assert b'"@query": ?\n' in call.base

    def test_the_base_is_read_back(self) -> None:
        base = signedcall.parse_base(receive().base)
        for name in ("method", "authority", "path", "query", "content_type", "created", "nonce"):
            assert getattr(base, name) == PARTS[name]
        assert base.key_id == SIGNER.public_key.key_id
        assert base.content_digest == sm3(BODY)
        assert base.event == receive().event

    def test_what_the_signer_refuses_is_not_built(self) -> None:
        for change in ({"path": "/a b"}, {"nonce": "short"}, {"query": "é"}, {"content_type": ""}):
            with pytest.raises(ValueError, match="not the signature base"):
                signedcall.build(**{**PARTS, **change})


class TestRefusals:
    @pytest.mark.parametrize(
        "change",
        [
            {"method": "PUT"},
            {"path": "/api/v1/authorisations/13/query"},
            {"query": "page=2&x=%20"},
            {"query": "page=1&x=+"},
            {"authority": "other.example.gov.cn"},
        ],
    )
    def test_every_part_is_bound_by_the_signature(self, change: dict[str, str]) -> None:
        with pytest.raises(SignatureInvalid):
            signedcall.verify(receive(**change), SIGNER.public_key, NOW)

    def test_the_content_type_is_bound_by_the_signature(self) -> None:
        call = receive({**HEADERS, "content-type": "text/plain"})
        with pytest.raises(SignatureInvalid):
            signedcall.verify(call, SIGNER.public_key, NOW)

    def test_another_body_does_not_fit_its_digest(self) -> None:
        with pytest.raises(DigestMismatch):
            receive(body=BODY + b" ")

    def test_another_key_is_refused(self) -> None:
        with pytest.raises(SignatureInvalid):
            signedcall.verify(receive(), SoftwareSigner.generate().public_key, NOW)

    @pytest.mark.parametrize("late", [-61, 301])
    def test_a_stale_or_early_call_is_refused_with_the_servers_time(self, late: int) -> None:
        with pytest.raises(ClockSkew) as caught:
            signedcall.verify(receive(), SIGNER.public_key, NOW + late)
        assert caught.value.facts["now"] == NOW + late

    @pytest.mark.parametrize("late", [-60, 0, 300])
    def test_the_window_is_five_minutes_back_and_one_ahead(self, late: int) -> None:
        signedcall.verify(receive(), SIGNER.public_key, NOW + late)

    @pytest.mark.parametrize(
        "lacking", ["signature", "signature-input", "signature signature-input"]
    )
    def test_what_is_not_signed_is_told_so(self, lacking: str) -> None:
        names = lacking.split()
        with pytest.raises(SignatureInvalid, match="is not signed"):
            receive({name: each for name, each in HEADERS.items() if name not in names})

    @pytest.mark.parametrize("name", signedcall.HEADERS)
    def test_every_header_is_needed_once(self, name: str) -> None:
        with pytest.raises((InvalidInput, SignatureInvalid), match="missing"):
            receive({key: value for key, value in HEADERS.items() if key != name})
        pairs = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
        with pytest.raises(InvalidInput, match="twice"):
            receive([*pairs, (name.upper().encode(), b"x")])

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("sig=(", "sig1=("),
            ("sig=(", "x=1, sig=("),
            ('"@method" ', ""),
            ("created=1", "created=01"),
            (";created", "; created"),
            ('alg="sm2-sm3"', 'alg="ed25519"'),
            ('tag="gdsl-1"', 'tag="gdsl-1";x=1'),
            (NONCE, NONCE[:21]),
            (NONCE, NONCE + '"\n"'),
            ("keyid=", "KeyId="),
        ],
    )
    def test_another_profile_is_refused(self, old: str, new: str) -> None:
        changed = HEADERS["signature-input"].replace(old, new)
        assert changed != HEADERS["signature-input"]
        with pytest.raises(InvalidInput):
            receive({**HEADERS, "signature-input": changed})

    @pytest.mark.parametrize(
        "value", ["", "sig=::", "sig=:AAAA:", "sig=:" + "A" * 81 + ":", "sig=:" + "é" * 88 + ":"]
    )
    def test_another_signature_header_is_refused(self, value: str) -> None:
        with pytest.raises(SignatureInvalid):
            receive({**HEADERS, "signature": value})

    def test_a_signature_has_one_spelling_in_base64(self) -> None:
        raw = HEADERS["signature"]
        last = raw[-4]  # before `==:`: its lowest four bits decode to nothing
        digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for bits in range(1, 16):
            other = digits[digits.index(last) ^ bits]
            changed = f"{raw[:-4]}{other}==:"
            assert base64.b64decode(changed[5:-1]) == base64.b64decode(raw[5:-1])
            with pytest.raises(SignatureInvalid, match="canonical"):
                receive({**HEADERS, "signature": changed})

    def test_a_signature_in_hex_is_told_so(self) -> None:
        raw = base64.b64decode(HEADERS["signature"][5:-1])
        for text in (raw.hex(), base64.b64encode(raw.hex().upper().encode()).decode()):
            with pytest.raises(SignatureInvalid, match="hex digits"):
                receive({**HEADERS, "signature": f"sig=:{text}:"})

    def test_a_signature_of_another_form_is_invalid(self) -> None:
        value = f"sig=:{base64.b64encode(bytes(66)).decode()}:"
        with pytest.raises(SignatureInvalid):
            receive({**HEADERS, "signature": value})

    @given(st.text(max_size=60), st.text(max_size=60), st.binary(max_size=60))
    def test_random_requests_raise_only_our_errors(self, a: str, b: str, c: bytes) -> None:
        for name in signedcall.HEADERS:
            with pytest.raises((InvalidInput, SignatureInvalid)):
                receive({**HEADERS, name: a + b + "\n"}, body=c)
        with pytest.raises(InvalidInput):
            signedcall.parse(a, b, c, c, HEADERS, BODY)

    @given(st.binary(max_size=300))
    def test_random_bytes_are_no_base(self, data: bytes) -> None:
        with pytest.raises(InvalidInput):
            signedcall.parse_base(data)
        with pytest.raises(InvalidInput):
            signedcall.parse_base(receive().base + data[:1] + b"\n")


@given(
    method=st.from_regex(r"[A-Z]{1,16}", fullmatch=True),
    authority=st.from_regex(r"[a-z0-9.\-:\[\]]{1,40}", fullmatch=True),
    path=st.from_regex(r"/[!-~]{0,60}", fullmatch=True),
    query=st.from_regex(r"[!-~]{0,60}", fullmatch=True),
    content_type=st.from_regex(r"[!-~][ -~]{0,60}", fullmatch=True),
    body=st.binary(max_size=50),
    created=st.integers(1, 10**12 - 1),
    nonce=st.from_regex(r"[A-Za-z0-9_-]{22,64}", fullmatch=True),
    key_id=st.binary(min_size=32, max_size=32),
)
def test_server_and_reader_take_whatever_the_typed_signer_signs(**parts: Any) -> None:
    """The form is written down twice, in node.crypto and here: they agree."""
    call = receive(signedcall.build(**parts, signer=SIGNER), **parts)
    base = signedcall.parse_base(call.base)
    assert {name: getattr(base, name) for name in parts if name != "body"} == {
        name: value for name, value in parts.items() if name != "body"
    }
    assert len(sign_call(SIGNER, call.base)) == 64


class _Sm2(HTTPSignatureAlgorithm):
    """SM2 as an algorithm of the http-message-signatures library."""

    algorithm_id = "sm2-sm3"

    def __init__(self, public_key: Any = None, **_: Any) -> None:
        self.public_key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        try:
            verify_sm2(self.public_key, message, signature)
        except SignatureInvalid as error:
            raise InvalidSignature(str(error)) from error


class _Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == SIGNER.public_key.key_id.hex()
        return SIGNER.public_key


class _Request:
    method = PARTS["method"]
    url = f"https://{PARTS['authority']}{PARTS['path']}?{PARTS['query']}"

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = {name.title(): value for name, value in headers.items()}


class TestAgainstTheHttpMessageSignaturesLibrary:
    def check(self, headers: dict[str, str]) -> list[Any]:
        verifier = HTTPMessageVerifier(signature_algorithm=_Sm2, key_resolver=_Keys())
        age = dt.timedelta(days=365 * 100)
        return list(verifier.verify(_Request(headers), max_age=age, expect_tag="gdsl-1"))

    def test_it_verifies_our_calls(self) -> None:
        now = int(dt.datetime.now(dt.UTC).timestamp())
        assert len(self.check(signedcall.build(**{**PARTS, "created": now}))) == 1

    def test_it_refuses_a_changed_call(self) -> None:
        now = int(dt.datetime.now(dt.UTC).timestamp())
        headers = signedcall.build(**{**PARTS, "created": now})
        with pytest.raises(InvalidSignature):
            self.check({**headers, "content-type": "text/plain"})
