"""Who is calling: the key that signed, at the second a request is judged at."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from node import errors
from node.crypto import SoftwareSigner
from node.crypto.neighbours import NEIGHBOURS
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import encoding, signedcall
from node.service.caller import authentic_resend, authenticate, judged_second
from node.service.hints import MOST_OF_A_KEY, Hints

from . import common as c

SIGNER = SoftwareSigner.generate()
PUBLIC = SIGNER.public_key
PARTS = ("POST", "a.example", "/p", "")


def key(**changes):
    return c.key(key=PUBLIC.key_id, qx=PUBLIC.x, qy=PUBLIC.y, **changes)


def call(created=c.NOW):
    headers = signedcall.build(
        *PARTS, "application/json", b"{}", created, "A" * 22, PUBLIC.key_id, SIGNER
    )
    return signedcall.parse(*PARTS, headers, b"{}")


def test_the_later_of_clock_and_block_is_the_second_of_a_request():
    at = BlockRef(812, bytes(32), c.NOW)
    assert judged_second(c.snapshot(block=at), c.NOW - 20.5) == c.NOW
    assert judged_second(c.snapshot(block=at), c.NOW + 20.5) == c.NOW + 20


def test_a_key_in_force_is_returned():
    fact = key(valid_from=c.NOW, valid_until=c.NOW + 1)
    assert authenticate(call(), c.snapshot(key=fact), c.NOW) == fact


REVOKED, LATER, OVER = (
    {"revoked_at": c.NOW - 5},
    {"valid_from": c.NOW + 1, "valid_until": 2**63},
    {"valid_until": c.NOW},
)


@pytest.mark.parametrize(
    ("fate", "error"),
    [
        (REVOKED, errors.KeyRevoked),
        (LATER, errors.KeyNotInForce),
        (OVER, errors.KeyNotInForce),
        (REVOKED | OVER, errors.KeyRevoked),
    ],
)
def test_who_holds_a_key_is_told_what_became_of_it(fate, error):
    with pytest.raises(error) as refused:
        authenticate(call(), c.snapshot(key=key(**fate)), c.NOW)
    assert PUBLIC.key_id.hex() in refused.value.message
    if error is errors.KeyRevoked:
        assert refused.value.facts["revokedAt"] == c.NOW - 5
        assert encoding.rfc3339(c.NOW - 5) in refused.value.message


@pytest.mark.parametrize("fate", [REVOKED, LATER, OVER])
def test_who_does_not_hold_it_is_told_the_same_as_of_an_unknown_one(fate):
    """A key's fate is on the chain; that a signature failed must not depend on it."""
    other = SoftwareSigner.generate().public_key
    for fact in (None, key(**fate)._replace(qx=other.x, qy=other.y)):
        with pytest.raises(errors.SignatureInvalid) as refused:
            authenticate(call(), c.snapshot(key=fact), c.NOW)
        assert type(refused.value) is errors.SignatureInvalid
        assert refused.value.message == (
            "the signature does not hold for a key in force; compare the base"
        )


@pytest.mark.parametrize(("age", "holds"), [(300, True), (301, False), (-60, True), (-61, False)])
def test_a_signature_counts_from_five_minutes_before_to_one_after(age, holds):
    request, snapshot = call(c.NOW - age), c.snapshot(key=key())
    if holds:
        assert authenticate(request, snapshot, c.NOW).key == PUBLIC.key_id
    else:
        with pytest.raises(errors.ClockSkew):
            authenticate(request, snapshot, c.NOW)


class TestANeighboursSignature:
    """Right key and text, another library's settings (docs/interop.md)."""

    def refused(self, fact, hints, way=NEIGHBOURS[0]):
        wrong = call()
        signature = SIGNER.sign_e(way.e(PUBLIC, wrong.base))
        wrong = replace(wrong, signature=signature)
        with pytest.raises(errors.SignatureInvalid) as refused:
            authenticate(wrong, c.snapshot(key=fact), c.NOW, hints=hints)
        assert refused.value.code == "signature-invalid"
        assert refused.value.facts["base"] == wrong.base.decode()
        return refused.value

    @pytest.mark.parametrize("way", NEIGHBOURS, ids=lambda way: way.english[:40])
    def test_is_refused_with_the_setting_to_change(self, way):
        error = self.refused(key(), Hints(), way)
        assert error.facts["hint"] == way.chinese
        assert error.facts["hintEn"] == way.english
        assert error.message == f"{way.chinese} / {way.english}"

    def test_of_an_unknown_key_is_told_nothing(self):
        assert "hint" not in self.refused(None, Hints()).facts

    def test_is_told_a_few_times_a_minute_and_refused_ever_after(self):
        hints = Hints()
        told = ["hint" in self.refused(key(), hints).facts for _ in range(MOST_OF_A_KEY + 2)]
        assert told == [True] * MOST_OF_A_KEY + [False] * 2

    def test_that_comes_again_too_late_is_not_looked_at(self):
        wrong = replace(call(c.NOW - 400), signature=bytes(64))
        with patch.object(Hints, "find") as find:
            assert authentic_resend(wrong, 1, c.snapshot(key=key()), c.NOW) is None
        find.assert_not_called()
