"""Who is calling: the key that signed, at the second a request is judged at."""

import pytest

from node import errors
from node.crypto import SoftwareSigner
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import encoding, signedcall
from node.service.caller import authenticate, judged_second

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
