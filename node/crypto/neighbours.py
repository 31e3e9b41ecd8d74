"""SM2 signatures as other libraries make them with other settings: recognised, never accepted.

SM2 libraries fall into groups whose signatures no other group verifies (docs/interop.md): another
user id, none, no SM3, or SM3 twice. Whoever signed so is told which setting to change. Telling
proves nothing: what is recognised here stays refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import SignatureInvalid
from .publickey import N, Sm2PublicKey
from .sm2 import verify_sm2_e
from .symmetric import sm3

if TYPE_CHECKING:
    from collections.abc import Callable


class Neighbour(NamedTuple):
    """A way of signing that is not ours, and what to change."""

    chinese: str
    english: str
    e: Callable[[Sm2PublicKey, bytes], bytes]
    """The 32 bytes that are signed so, of a key and a message."""


def find_neighbour(public: Sm2PublicKey, message: bytes, signature: bytes) -> Neighbour | None:
    """Return the way in which `public`'s key made a signature that `verify_sm2` refuses, or None.

    `signature` is r‖s. It costs a verification a way, `len(NEIGHBOURS)` at most: whoever lets
    strangers cause it bounds how often.
    """
    for each in NEIGHBOURS:
        try:
            verify_sm2_e(public, each.e(public, message), signature)
        except SignatureInvalid:
            continue
        return each
    return None


NEIGHBOURS = (
    Neighbour(
        "签名时用户标识（userId、distid）为空，应设为 1234567812345678：OpenSSL 加 "
        "-pkeyopt distid:1234567812345678（openssl dgst 用 -sigopt），"
        "Node.js 的 crypto 不能设置，请换一个库",
        "it was signed with an empty user id; set it to 1234567812345678: with OpenSSL "
        "-pkeyopt distid:1234567812345678 (openssl dgst: -sigopt); Node's crypto cannot set it, "
        "use another library",
        lambda public, message: sm3(public.anonymous_za + message),
    ),
    Neighbour(
        "签名时没有并入 ZA，只作了 SM3(原文)：应对 SM3(ZA ‖ 原文) 签名，用户标识 1234567812345678；"
        "emmansun/gmsm 用 sm2.DefaultSM2SignerOpts，Node.js 的 createSign 不能设置，请换一个库",
        "ZA was left out, SM3(message) was signed; sign SM3(ZA ‖ message), user id "
        "1234567812345678: emmansun/gmsm with sm2.DefaultSM2SignerOpts; Node's createSign cannot, "
        "use another library",
        lambda _public, message: sm3(message),
    ),
    Neighbour(
        "签名时原文没有作 SM3：sm-crypto、sm-crypto-v2 加 "
        "{ hash: true, userId: '1234567812345678' }，Python gmssl 用 sign_with_sm3",
        "the message was signed without SM3: sm-crypto, sm-crypto-v2 with { hash: true, userId: "
        "'1234567812345678' }, Python gmssl with sign_with_sm3",
        lambda _public, message: (int.from_bytes(message, "big") % N).to_bytes(32, "big"),
    ),
    Neighbour(
        "签名的是原文的 SM3 摘要（32 字节），不是原文：SM3withSM2 自己会作摘要，请直接传入原文",
        "the SM3 digest of the text was signed, 32 bytes, not the text: SM3withSM2 hashes by "
        "itself, hand it the text",
        lambda public, message: public.message_hash(sm3(message)),
    ),
    Neighbour(
        "签名的是原文 SM3 摘要的十六进制文字，不是原文：SM3withSM2 自己会作摘要，请直接传入原文",
        "the SM3 digest of the text was signed as hex, not the text: SM3withSM2 hashes by itself, "
        "hand it the text",
        lambda public, message: public.message_hash(sm3(message).hex().encode()),
    ),
    Neighbour(
        "签名的原文末尾多了一个换行（echo、文本编辑器所加）：原文末尾没有换行，用 printf %s",
        "what was signed ends in a line break, as echo and editors add one: the text has none, "
        "use printf %s",
        lambda public, message: public.message_hash(message + b"\n"),
    ),
)
