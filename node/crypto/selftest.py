"""What every process asks of its ciphers before it trusts them: known answers, and a second view.

SM2 signature and encryption: GB/T 32918.5 annexes A and C (the examples on the recommended
curve); SM3: GB/T 32905 annex A; SM4-GCM: RFC 8998 appendix A.1. Vectors are the same at every
start, so each cipher is also held against gmssl on fresh random input, both ways.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ..errors import LedgerError, SelfTestFailed
from . import backend, nativelib, sm2_tables
from .der import (
    OCTETS,
    SEQUENCE,
    wrap_integer,
    wrap_tlv,
)
from .publickey import Sm2PublicKey
from .sm2 import (
    DATA_KEY_SIZE,
    E_SIZE,
    SoftwareSigner,
    SoftwareUnwrapper,
    verify_sm2,
    verify_sm2_e,
    wrap,
)
from .symmetric import (
    IV_SIZE,
    TAG_SIZE,
    keccak256,
    sm3,
    sm4_open,
    sm4_seal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_SCALAR = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
_PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
_C1_X = 0x04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73
_C1_Y = 0xE858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0
_C3 = bytes.fromhex("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766")
_C2 = bytes.fromhex("21886CA989CA9C7D58087307CA93092D651EFA")
_SM3_ABC = bytes.fromhex("66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0")
_SM4_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
_SM4_IV = bytes.fromhex("00001234567800000000ABCD")
_SM4_AAD = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
_SM4_PLAIN = b"".join(bytes((octet,)) * 8 for octet in bytes.fromhex("AABBCCDDEEFFEEAA"))
_SM4_SEALED = bytes.fromhex(
    "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
    "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    "83DE3541E4C2B58177E065A9BF7B62EC"
)


def run_self_test() -> None:
    """Ask every cipher for its standard's answer.

    Raises:
        SelfTestFailed: one gives another answer; the process must not go on.
        ConfigInvalid: the SM2 backend cannot be loaded.
    """
    backend.load()
    for name, test in _TESTS.items():
        try:
            passed = test()
        except LedgerError as error:
            raise SelfTestFailed(f"{name}: {error.message}") from error
        if not passed:
            raise SelfTestFailed(f"{name} does not give the answer it must")


def _sm4_gcm() -> bool:
    sealed = sm4_seal(_SM4_KEY, _SM4_IV, _SM4_AAD, _SM4_PLAIN)
    opened = sm4_open(_SM4_KEY, _SM4_IV, _SM4_AAD, _SM4_SEALED)
    return sealed == _SM4_SEALED and opened == _SM4_PLAIN


def _sm2_signature() -> bool:
    public = Sm2PublicKey.from_raw(_PUBLIC)
    verify_sm2(public, b"message digest", _SIGNATURE)
    signer = SoftwareSigner.from_scalar(_SCALAR, public)
    e = secrets.token_bytes(E_SIZE)
    first, second = signer.sign_e(e), signer.sign_e(e)
    verify_sm2_e(public, e, first)
    return signer.public_key == public and first != second


def _keccak() -> bool:
    from Cryptodome.Hash import keccak

    data = secrets.token_bytes(300)
    return all(
        keccak256(data[:size]) == keccak.new(data=data[:size], digest_bits=256).digest()
        for size in (0, 135, 136, 137, 300)
    )


def _sm2_native() -> bool:
    if nativelib.load() is None:
        return True  # it was not built: libcrypto verifies alone
    public = Sm2PublicKey.from_raw(_PUBLIC)
    signer, e = SoftwareSigner.from_scalar(_SCALAR, public), secrets.token_bytes(E_SIZE)
    table, signature = sm2_tables.make_table(public), signer.sign_e(e)
    known = public.message_hash(b"message digest")
    return (
        sm2_tables.is_signed(table, known, _SIGNATURE)
        and sm2_tables.is_signed(table, e, signature)
        and not sm2_tables.is_signed(table, known, signature)
    )


def _sm2_encryption() -> bool:
    public = Sm2PublicKey.from_raw(_PUBLIC)
    fields = wrap_integer(_C1_X) + wrap_integer(_C1_Y) + wrap_tlv(OCTETS, _C3)
    known = wrap_tlv(SEQUENCE, fields + wrap_tlv(OCTETS, _C2))
    private = backend.load().from_scalar(_SCALAR)
    unwrapper = SoftwareUnwrapper.from_scalar(_SCALAR, public)
    fresh = secrets.token_bytes(DATA_KEY_SIZE)
    return (
        private.decrypt(known) == b"encryption standard"
        and unwrapper.unwrap(wrap(public, fresh)) == fresh
    )


def _sm3_by_gmssl() -> bool:
    from gmssl.sm3 import sm3_hash

    data = secrets.token_bytes(100)
    return sm3(data) == bytes.fromhex(sm3_hash(list(data)))


def _sm4_by_gmssl() -> bool:
    from gmssl.sm4 import SM4_ENCRYPT, CryptSM4

    key, iv, plain = (secrets.token_bytes(size) for size in (DATA_KEY_SIZE, IV_SIZE, 16))
    cipher = CryptSM4()
    cipher.set_key(key, SM4_ENCRYPT)
    # GCM's first block of text is masked with the cipher of iv ‖ 2 (NIST SP 800-38D, 7.1).
    mask = cipher.one_round(cipher.sk, list(iv + (2).to_bytes(4, "big")))
    sealed = sm4_seal(key, iv, b"", plain)[:-TAG_SIZE]
    return sealed == bytes(octet ^ other for octet, other in zip(plain, mask, strict=True))


def _sm2_by_gmssl() -> bool:
    from . import sm2_gmssl

    public, e = Sm2PublicKey.from_raw(_PUBLIC), secrets.token_bytes(E_SIZE)
    ours = backend.load().from_scalar(_SCALAR)
    theirs = sm2_gmssl.from_scalar(_SCALAR)
    fresh = secrets.token_bytes(DATA_KEY_SIZE)
    return (
        sm2_gmssl.verify_e(public, e, ours.sign_e(e))
        and backend.load().verify_e(public, e, theirs.sign_e(e))
        and theirs.decrypt(backend.load().encrypt(public, fresh)) == fresh
        and ours.decrypt(sm2_gmssl.encrypt(public, fresh)) == fresh
    )


_TESTS: dict[str, Callable[[], bool]] = {
    "SM3": lambda: sm3(b"abc") == _SM3_ABC,
    "Keccak-256 beside Cryptodome": _keccak,
    "SM4-GCM": _sm4_gcm,
    "SM2 signature": _sm2_signature,
    "SM2 native verification": _sm2_native,
    "SM2 encryption": _sm2_encryption,
    "SM3 beside gmssl": _sm3_by_gmssl,
    "SM4 beside gmssl": _sm4_by_gmssl,
    "SM2 beside gmssl": _sm2_by_gmssl,
}
