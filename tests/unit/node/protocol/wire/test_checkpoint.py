import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import (
    Ed25519Signer,
    SoftwareSigner,
    sha256,
    verify_ed25519,
    verify_sm2,
)
from node.errors import CheckpointInvalid, MalformedCheckpoint
from node.protocol.wire import ids
from node.protocol.wire.checkpoint import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    checkpoint_hash,
    sign_note,
    verify_note,
)

SM2, ED25519 = SoftwareSigner.generate(), Ed25519Signer.generate()
ORIGIN = ids.log_origin(31337, b"\x0a" * 20, "11130900MB1234567X")
CHECKPOINT = Checkpoint(ORIGIN, 12345, bytes(range(32)))
SIGNED = sign_note(CHECKPOINT, sm2=SM2, ed25519=ED25519)
NOTE = SIGNED.render()


def verify(signed: SignedCheckpoint) -> None:
    verify_note(signed, sm2=SM2.public_key, ed25519=ED25519.public)


class TestForm:
    def test_the_text_is_origin_size_root(self) -> None:
        root = base64.b64encode(bytes(range(32))).decode()
        assert CHECKPOINT.text.decode() == f"{ORIGIN}\n12345\n{root}\n"
        assert checkpoint_hash(CHECKPOINT.text) == sha256(CHECKPOINT.text)

    def test_the_note_is_text_blank_line_and_two_signature_lines(self) -> None:
        text, lines = NOTE.split(b"\n\n")
        assert text + b"\n" == CHECKPOINT.text
        assert [line.split(" ")[:2] for line in lines.decode().splitlines()] == [["—", ORIGIN]] * 2

    def test_key_hashes_follow_the_signed_note_specification(self) -> None:
        name = ORIGIN.encode()
        ed25519 = sha256(name + b"\n\x01" + ED25519.public)[:4]
        sm2 = sha256(name + b"\n\xffsm2-sm3\n" + SM2.public_key.raw)[:4]
        assert [line.key_hash for line in SIGNED.signatures] == [ed25519, sm2]

    def test_both_signatures_are_over_the_note_text(self) -> None:
        first, second = SIGNED.signatures
        verify_ed25519(ED25519.public, CHECKPOINT.text, first.signature)
        verify_sm2(SM2.public_key, CHECKPOINT.text, second.signature)

    def test_a_note_goes_round(self) -> None:
        assert SignedCheckpoint.parse(NOTE) == SIGNED
        assert SignedCheckpoint.parse(NOTE).render() == NOTE

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"\n12345\n", b"\n012345\n"),
            (b"\n12345\n", b"\n-1\n"),
            (b"\n12345\n", b"\n9999999999999999\n"),
            (b"\n12345\n", b"\n12345 \n"),
            (b"\n12345\n", b"\n12345\r\n"),
            (b"Hh8=\n", b"Hh8\n"),
            (b"Hh8=\n", b"Hh9=\n"),
            (b"Hh8=\n", b"Hh8=\nextension\n"),
            (b"\n\n", b"\n"),
            (b"\n\n", b"\n\n\n"),
            ("— ".encode(), b"- "),
            (b"shareledger:", b"share ledger:"),
            (b"shareledger:", b"share+ledger:"),
            (b"shareledger:", b"\xff"),
        ],
    )
    def test_other_spellings_are_refused(self, old: bytes, new: bytes) -> None:
        assert old in NOTE
        with pytest.raises(MalformedCheckpoint):
            SignedCheckpoint.parse(NOTE.replace(old, new))

    def test_a_note_cut_short_is_refused(self) -> None:
        for length in range(len(NOTE)):
            if NOTE[:length].endswith(b"=\n") and b"\n\n" in NOTE[:length]:
                continue  # a note that ends after its first signature line is well-formed
            with pytest.raises(MalformedCheckpoint):
                SignedCheckpoint.parse(NOTE[:length])

    def test_too_many_signatures_or_bytes_are_refused(self) -> None:
        line = NOTE.splitlines(keepends=True)[-1]
        with pytest.raises(MalformedCheckpoint, match="more than 64"):
            SignedCheckpoint.parse(CHECKPOINT.text + b"\n" + "— x AAAAAAA=\n".encode() * 65)
        with pytest.raises(MalformedCheckpoint, match="at most"):
            SignedCheckpoint.parse(NOTE + line * 100)

    @given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: t.encode()))
    def test_random_bytes_are_no_note(self, data: bytes) -> None:
        for note in (data, CHECKPOINT.text + b"\n" + data):
            try:
                signed = SignedCheckpoint.parse(note)
            except MalformedCheckpoint:
                continue
            assert signed.render() == note


class TestVerifying:
    def test_accepts_a_note_of_both_keys(self) -> None:
        verify(SignedCheckpoint.parse(NOTE))

    def test_ignores_lines_of_unknown_keys_and_other_names(self) -> None:
        witness = NoteSignature("witness.example", b"\1\2\3\4", b"cosignature")
        namesake = NoteSignature(ORIGIN, b"\1\2\3\4", b"another key")
        verify(replace(SIGNED, signatures=(witness, *SIGNED.signatures, namesake)))

    @pytest.mark.parametrize("kept", [0, 1])
    def test_requires_both_lines(self, kept: int) -> None:
        with pytest.raises(CheckpointInvalid, match="lacks"):
            verify(replace(SIGNED, signatures=(SIGNED.signatures[kept],)))
        with pytest.raises(CheckpointInvalid, match="lacks"):
            verify(replace(SIGNED, signatures=(SIGNED.signatures[kept],) * 2))

    @pytest.mark.parametrize("broken", [0, 1])
    def test_a_line_of_a_known_key_that_fails_rejects_the_note(self, broken: int) -> None:
        line = SIGNED.signatures[broken]
        bad = replace(line, signature=bytes(64))
        with pytest.raises(CheckpointInvalid, match="fails"):
            verify(replace(SIGNED, signatures=(*SIGNED.signatures, bad)))

    @pytest.mark.parametrize(
        "other",
        [
            replace(CHECKPOINT, size=12346),
            replace(CHECKPOINT, root=bytes(32)),
            replace(CHECKPOINT, origin=ORIGIN.replace("31337", "31338")),
        ],
    )
    def test_signatures_belong_to_one_checkpoint(self, other: Checkpoint) -> None:
        with pytest.raises(CheckpointInvalid):
            verify(SignedCheckpoint(other, SIGNED.signatures))

    def test_another_logs_keys_are_refused(self) -> None:
        with pytest.raises(CheckpointInvalid):
            verify_note(SIGNED, sm2=SoftwareSigner.generate().public_key, ed25519=ED25519.public)
        with pytest.raises(CheckpointInvalid):
            verify_note(SIGNED, sm2=SM2.public_key, ed25519=Ed25519Signer.generate().public)

    @given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
    def test_any_changed_byte_is_noticed(self, position: int, flip: int) -> None:
        changed = bytearray(NOTE)
        changed[position] ^= flip
        with pytest.raises((MalformedCheckpoint, CheckpointInvalid)):
            verify(SignedCheckpoint.parse(bytes(changed)))


def test_only_our_own_origins_are_signed() -> None:
    with pytest.raises(ValueError, match="not the text of a checkpoint"):
        sign_note(Checkpoint("example.com/log", 1, bytes(32)), sm2=SM2, ed25519=ED25519)
