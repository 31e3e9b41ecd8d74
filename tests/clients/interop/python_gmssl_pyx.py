"""gmssl-pyx 2.1.0, the GmSSL library for Python."""

import base64
import json
import sys

from gmssl_pyx import sm2_decrypt, sm2_sign, sm2_verify, sm4_gcm_decrypt

given = json.load(sys.stdin)
private, public, signer = (
    bytes.fromhex(given[name]) for name in ("privateKey", "publicKey", "signer")
)

# 签名：DER，默认的用户标识就是 1234567812345678
signature = sm2_sign(private, public, given["text"].encode(), signer_id=b"1234567812345678")
header = f"sig=:{base64.b64encode(signature).decode()}:"

# 打开答复：wrapped 就是它的密文格式
data_key = sm2_decrypt(private, bytes.fromhex(given["wrapped"]))
iv, sealed, aad = (bytes.fromhex(given[name]) for name in ("iv", "sealed", "aad"))
plain = sm4_gcm_decrypt(data_key, iv=iv, aad=aad, ciphertext=sealed[:-16], tag=sealed[-16:])


# 核验回执：r‖s 改写为 DER
def integer(number: bytes) -> bytes:
    body = number.lstrip(b"\0")
    body = b"\0" + body if body[0] >= 0x80 else body
    return bytes((2, len(body))) + body


def holds(text: str) -> bool:
    raw = bytes.fromhex(given["signature"])
    body = integer(raw[:32]) + integer(raw[32:])
    der = bytes((0x30, len(body))) + body
    return bool(sm2_verify(signer, text.encode(), der, signer_id=b"1234567812345678"))


found = {"header": header, "key": data_key.hex(), "plain": plain.hex()}
found |= {"holds": holds(given["checkpoint"]), "forged": holds(given["checkpoint"] + "x")}
json.dump(found, sys.stdout)
