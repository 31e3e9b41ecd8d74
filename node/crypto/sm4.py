"""SM4-GCM (GB/T 32907, RFC 8998): 16-byte keys, 12-byte iv, 16-byte tag at the end.

An iv must never be used twice with one key; `protocol.envelope` sees to that.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ..errors import MalformedEnvelope

IV_SIZE = 12
TAG_SIZE = 16


def sm4_seal(key: bytes, iv: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Encrypt and authenticate; return ciphertext ‖ tag."""
    if len(iv) != IV_SIZE:
        raise ValueError("an iv has 12 bytes")
    cipher = Cipher(SM4(key), GCM(iv)).encryptor()
    cipher.authenticate_additional_data(aad)
    return cipher.update(plaintext) + cipher.finalize() + cipher.tag


def sm4_open(key: bytes, iv: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Check and decrypt ciphertext ‖ tag.

    Raises:
        MalformedEnvelope: key, iv, aad or ciphertext are not those it was sealed with.
    """
    if len(iv) != IV_SIZE or len(sealed) < TAG_SIZE:
        raise MalformedEnvelope("the sealed text is too short or its iv has not 12 bytes")
    body, tag = sealed[:-TAG_SIZE], sealed[-TAG_SIZE:]
    cipher = Cipher(SM4(key), GCM(iv, tag)).decryptor()
    cipher.authenticate_additional_data(aad)
    try:
        return cipher.update(body) + cipher.finalize()
    except InvalidTag as error:
        raise MalformedEnvelope("the sealed text does not open: it or its event differs") from error
