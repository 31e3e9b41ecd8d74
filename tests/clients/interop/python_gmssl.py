"""Python gmssl 3.2.2: what it strips and what it draws badly are worked around."""

import base64
import json
import secrets
import sys

from gmssl.sm2 import CryptSM2

N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
given = json.load(sys.stdin)


def key_of(private: str, public: str) -> CryptSM2:
    """Return a key; its constructor strips leading zeros and fours off a public key."""
    key = CryptSM2(private_key=private, public_key="", mode=1)
    key.public_key = public
    return key


# 签名：随机数用 secrets 取（它自己用可预测的 random）
own = key_of(given["privateKey"], given["publicKey"])
nonce = f"{secrets.randbelow(N - 1) + 1:064x}"
signature = own.sign_with_sm3(given["text"].encode(), nonce)
header = f"sig=:{base64.b64encode(bytes.fromhex(signature)).decode()}:"


# 打开答复：GM/T 0009 的 DER 改写为 C1C3C2，不带 04；它不核对 C3
def plain_order(der: bytes) -> bytes:
    parts, at = [], 2
    while at < len(der):
        size = der[at + 1]
        parts.append(der[at + 2 : at + 2 + size])
        at += 2 + size
    x, y, c3, c2 = parts
    return x[-32:].rjust(32, b"\0") + y[-32:].rjust(32, b"\0") + c3 + c2


data_key = own.decrypt(plain_order(bytes.fromhex(given["wrapped"])))


# 核验回执：检查点的签名
def holds(text: str) -> bool:
    signer = key_of("", given["signer"])
    return bool(signer.verify_with_sm3(given["signature"], text.encode()))


found = {"header": header, "key": data_key.hex()}
found |= {"holds": holds(given["checkpoint"]), "forged": holds(given["checkpoint"] + "x")}
json.dump(found, sys.stdout)
