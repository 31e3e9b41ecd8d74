"""`Sm2Verifier` in a real EVM against signatures libcrypto makes at test time."""

from __future__ import annotations

import secrets

import pytest

from node.crypto import SoftwareSigner, sign_decision
from node.crypto.typed import decision_text
from node.protocol.evm import abi

pytestmark = pytest.mark.chain

KEYS = 10
PARTS = ("za", "r", "s", "qx", "qy", "message")


@pytest.fixture(scope="module", params=[2, pytest.param(50, marks=pytest.mark.long)])
def signatures(request):
    """Arguments of `verify`: ten keys, `params` decisions each."""
    made = []
    for signer in [SoftwareSigner.generate() for _ in range(KEYS)]:
        public = signer.public_key
        for _ in range(request.param):
            digest = secrets.token_bytes(32)
            signature = sign_decision(signer, digest)
            made.append(
                {
                    "za": public.za,
                    "message": decision_text(digest),
                    "r": int.from_bytes(signature[:32], "big"),
                    "s": int.from_bytes(signature[32:], "big"),
                    "qx": public.x,
                    "qy": public.y,
                }
            )
    return made


@pytest.fixture
def accepts(ledger_chain):
    address = ledger_chain.deployment.contracts["Sm2Verifier"].address

    def call(arguments):
        data = abi.encode_call("Sm2Verifier", "verify", arguments)
        result = ledger_chain.gateway.call(address, data)
        return abi.decode_result("Sm2Verifier", "verify", result)["0"]

    return call


def flipped(value, bit):
    """The value with one bit changed."""
    if isinstance(value, int):
        return value ^ (1 << (bit % 256))
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << (bit % 8)
    return bytes(changed)


def test_accepts_every_signature_of_libcrypto(accepts, signatures):
    assert len(signatures) >= 2 * KEYS
    assert all(accepts(one) for one in signatures)


def test_refuses_each_of_them_with_one_bit_flipped(accepts, signatures):
    for index, one in enumerate(signatures):
        part = PARTS[index % len(PARTS)]
        wrong = {**one, part: flipped(one[part], secrets.randbelow(256))}
        assert accepts(wrong) is False, (part, wrong)
