"""The one door to every cipher; nothing outside this package imports a cipher library.

`symmetric`: SM3, SHA-256, Keccak-256, SM4-GCM. `publickey`: SM2 public keys. `sm2`: signers,
unwrappers, verification. `typed`: the only ways to sign. `ed25519`: checkpoints' second signature.
`selftest`: the standards' vectors. `backend`: which library does SM2; `libcrypto` binds OpenSSL 3,
`sm2_libcrypto` uses it, `sm2_tables` verifies beside it in C (`nativelib` loads that),
`sm2_gmssl` is the portable fallback.
`der`: encodings of signatures and keys. `keyfile`: files of secrets, written once; `privatekey`,
`pbes2`: the keys in them, of any maker, and how they are encrypted.
"""

from __future__ import annotations

from .backend import backend_version
from .der import normalise_signature
from .ed25519 import Ed25519Signer, verify_ed25519
from .publickey import Sm2PublicKey
from .selftest import run_self_test
from .sm2 import (
    Signer,
    SoftwareSigner,
    SoftwareUnwrapper,
    Unwrapper,
    verify_sm2,
    verify_sm2_e,
    wrap,
)
from .symmetric import (
    constant_time_equal,
    keccak256,
    sha256,
    sm3,
    sm4_open,
    sm4_seal,
)
from .typed import (
    check_checkpoint_text,
    check_login_text,
    decision_text,
    sign_call,
    sign_checkpoint,
    sign_decision,
    sign_login,
    verify_decision,
    verify_decisions,
    verify_login,
)

__all__ = [
    "Ed25519Signer",
    "Signer",
    "Sm2PublicKey",
    "SoftwareSigner",
    "SoftwareUnwrapper",
    "Unwrapper",
    "backend_version",
    "check_checkpoint_text",
    "check_login_text",
    "constant_time_equal",
    "decision_text",
    "keccak256",
    "normalise_signature",
    "run_self_test",
    "sha256",
    "sign_call",
    "sign_checkpoint",
    "sign_decision",
    "sign_login",
    "sm3",
    "sm4_open",
    "sm4_seal",
    "verify_decision",
    "verify_decisions",
    "verify_ed25519",
    "verify_login",
    "verify_sm2",
    "verify_sm2_e",
    "wrap",
]
