import copy
import os
import pickle
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import SoftwareUnwrapper, sm3
from node.errors import MalformedEnvelope
from node.protocol.wire import canonical
from node.protocol.wire.envelope import (
    DataKey,
    envelope_bytes,
    open_envelope,
    seal,
)

FIRST, SECOND = SoftwareUnwrapper.generate(), SoftwareUnwrapper.generate()
RECIPIENTS = [(key.public_key.key_id, key.public_key) for key in (FIRST, SECOND)]
EVENT = bytes(range(32))
ENVELOPE = seal(DataKey(created=0), RECIPIENTS, b"plaintext", EVENT)


class TestOpening:
    @pytest.mark.parametrize("unwrapper", [FIRST, SECOND])
    def test_every_recipient_opens_it(self, unwrapper: SoftwareUnwrapper) -> None:
        assert open_envelope(ENVELOPE, unwrapper, EVENT) == b"plaintext"
        assert open_envelope(envelope_bytes(ENVELOPE), unwrapper, EVENT) == b"plaintext"

    def test_nobody_else_does(self) -> None:
        with pytest.raises(MalformedEnvelope, match="not sealed for this key"):
            open_envelope(ENVELOPE, SoftwareUnwrapper.generate(), EVENT)

    def test_it_belongs_to_one_event(self) -> None:
        with pytest.raises(MalformedEnvelope):
            open_envelope(ENVELOPE, FIRST, bytes(32))

    @settings(deadline=None)
    @given(st.data())
    def test_any_changed_byte_is_noticed_or_anothers_wrapping(self, data: st.DataObject) -> None:
        octets = bytearray(envelope_bytes(ENVELOPE))
        position = data.draw(st.integers(0, len(octets) - 1))
        octets[position] ^= data.draw(st.integers(1, 255))
        try:
            assert open_envelope(bytes(octets), FIRST, EVENT) == b"plaintext"
        except MalformedEnvelope:
            return
        theirs = canonical.loads(bytes(octets))["recipients"][1]
        assert theirs != ENVELOPE["recipients"][1]

    @settings(deadline=None)
    @given(st.binary(max_size=100))
    def test_random_bytes_are_no_envelope(self, data: bytes) -> None:
        with pytest.raises(MalformedEnvelope):
            open_envelope(data, FIRST, EVENT)

    @pytest.mark.parametrize("member", ["alg", "iv", "sealed", "recipients"])
    @pytest.mark.parametrize("value", [None, 1, "", "A", "AA==", [], {}, [{}], [[]], [1]])
    def test_wrong_members_are_refused(self, member: str, value: Any) -> None:
        with pytest.raises(MalformedEnvelope):
            open_envelope({**ENVELOPE, member: value}, FIRST, EVENT)

    @pytest.mark.parametrize("member", ["keyid", "wrapped"])
    @pytest.mark.parametrize("value", [None, 1, "", "é"])
    def test_wrong_recipients_are_refused(self, member: str, value: Any) -> None:
        envelope = copy.deepcopy(ENVELOPE)
        envelope["recipients"][0][member] = value
        with pytest.raises(MalformedEnvelope):
            open_envelope(envelope, FIRST, EVENT)

    def test_missing_and_unknown_members_are_refused(self) -> None:
        with pytest.raises(MalformedEnvelope):
            open_envelope({**ENVELOPE, "more": 1}, FIRST, EVENT)
        with pytest.raises(MalformedEnvelope):
            open_envelope({k: v for k, v in ENVELOPE.items() if k != "iv"}, FIRST, EVENT)


class TestDataKey:
    def test_no_iv_is_used_twice_even_by_many_threads(self) -> None:
        key = DataKey(created=0)
        ivs: list[bytes] = []

        def work() -> None:
            ivs.extend(key.seal_bytes(b"", b"")[0] for _ in range(200))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(ivs)) == len(ivs) == 800
        assert len({iv[:4] for iv in ivs}) == 1
        assert {int.from_bytes(iv[4:], "big") for iv in ivs} == set(range(800))

    def test_it_serves_an_hour(self) -> None:
        key = DataKey(created=1000)
        assert key.is_usable(1000)
        assert key.is_usable(4599)
        assert not key.is_usable(4600)

    def test_a_dropped_key_seals_no_more(self) -> None:
        key = DataKey(created=0)
        key.drop()
        assert not key.is_usable(0)
        with pytest.raises(RuntimeError, match="dropped"):
            seal(key, RECIPIENTS, b"x", EVENT)
        with pytest.raises(RuntimeError, match="dropped"):
            key.wrapped_to(FIRST.public_key)

    def test_it_is_wrapped_once_to_each_recipient(self) -> None:
        key = DataKey(created=0)
        first, second = (seal(key, RECIPIENTS, b"x", EVENT) for _ in range(2))
        assert first["recipients"] == second["recipients"]
        assert first["iv"] != second["iv"]

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_it_does_not_survive_a_fork(self) -> None:
        key = DataKey(created=0)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            # pytest's own clean-up must not run in the child: it leaves by _exit alone.
            os.write(writing, b"usable" if key.is_usable(0) else b"dropped")
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reading, 10) == b"dropped"
        assert key.is_usable(0)
        os.close(reading)
        os.close(writing)

    def test_it_is_neither_shown_nor_pickled(self) -> None:
        key = DataKey(created=7)
        assert repr(key) == "<DataKey created=7>"
        with pytest.raises(TypeError):
            pickle.dumps(key)


def test_the_leaf_binds_the_canonical_bytes() -> None:
    data = envelope_bytes(ENVELOPE)
    assert canonical.loads(data) == ENVELOPE
    assert len(sm3(data)) == 32
