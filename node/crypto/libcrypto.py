"""The system's libcrypto (OpenSSL >= 3.0), bound by ctypes.

ctypes releases the GIL around every call. It is the library instance Python's own `ssl` module
uses, patched by the distribution; nothing is bundled. Declarations only: what the functions are
used for, and who frees what, is said in `sm2_libcrypto`.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
from ctypes import POINTER, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache

from ..errors import ConfigInvalid

_MINIMUM = 0x30000000
_ERROR_TEXT_SIZE = 256

_P = c_void_p
_OUT = POINTER(c_size_t)
_DECLARATIONS: dict[str, tuple[object, list[object]]] = {
    "ERR_clear_error": (None, []),
    "ERR_error_string_n": (None, [c_ulong, c_char_p, c_size_t]),
    "ERR_get_error": (c_ulong, []),
    "EVP_PKEY2PKCS8": (_P, [_P]),
    "EVP_PKEY_CTX_free": (None, [_P]),
    "EVP_PKEY_CTX_new": (_P, [_P, _P]),
    "EVP_PKEY_Q_keygen": (_P, [_P, _P, c_char_p]),
    "EVP_PKEY_decrypt": (c_int, [_P, c_char_p, _OUT, c_char_p, c_size_t]),
    "EVP_PKEY_decrypt_init": (c_int, [_P]),
    "EVP_PKEY_encrypt": (c_int, [_P, c_char_p, _OUT, c_char_p, c_size_t]),
    "EVP_PKEY_encrypt_init": (c_int, [_P]),
    "EVP_PKEY_free": (None, [_P]),
    "EVP_PKEY_is_a": (c_int, [_P, c_char_p]),
    "EVP_PKEY_sign": (c_int, [_P, c_char_p, _OUT, c_char_p, c_size_t]),
    "EVP_PKEY_sign_init": (c_int, [_P]),
    "EVP_PKEY_verify": (c_int, [_P, c_char_p, c_size_t, c_char_p, c_size_t]),
    "EVP_PKEY_verify_init": (c_int, [_P]),
    "OpenSSL_version": (c_char_p, [c_int]),
    "OpenSSL_version_num": (c_ulong, []),
    "PKCS8_PRIV_KEY_INFO_free": (None, [_P]),
    "d2i_AutoPrivateKey": (_P, [_P, POINTER(c_char_p), c_long]),
    "d2i_PUBKEY": (_P, [_P, POINTER(c_char_p), c_long]),
    "i2d_PKCS8_PRIV_KEY_INFO": (c_int, [_P, POINTER(c_char_p)]),
    "i2d_PUBKEY": (c_int, [_P, POINTER(c_char_p)]),
}


def _candidates() -> list[str]:
    found = ctypes.util.find_library("crypto")
    return ["libcrypto.so.3", *([found] if found else []), "libcrypto.3.dylib"]


@cache
def load() -> ctypes.CDLL:
    """Return the bound library.

    Raises:
        ConfigInvalid: there is no libcrypto, or it is older than OpenSSL 3.0.
    """
    # With `_ssl` in the process the soname resolves to the very instance Python already uses.
    with contextlib.suppress(ImportError):
        import _ssl  # noqa: F401
    seen: list[str] = []
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            seen.append(f"{name}: {error}")
            continue
        version = _version_number(library)
        if version >= _MINIMUM:
            for function, (result, arguments) in _DECLARATIONS.items():
                bound = getattr(library, function)
                bound.restype, bound.argtypes = result, arguments
            return library
        seen.append(f"{name}: version {version:#x} is older than OpenSSL 3.0")
    raise ConfigInvalid(
        "no libcrypto of OpenSSL 3.0 or later; install it, or set SM2_BACKEND=gmssl for trials: "
        + "; ".join(seen)
    )


def _version_number(library: ctypes.CDLL) -> int:
    try:
        number = library.OpenSSL_version_num
    except AttributeError:  # LibreSSL before 2.7
        return 0
    number.restype = c_ulong
    return int(number())


def version() -> str:
    """Return the library's own description, such as `OpenSSL 3.0.19 27 Jan 2026`."""
    return bytes(load().OpenSSL_version(0)).decode("ascii", "replace")


def take_errors() -> str:
    """Empty this thread's error queue and return its text; it never holds key material."""
    library = load()
    texts = []
    while number := library.ERR_get_error():
        text = ctypes.create_string_buffer(_ERROR_TEXT_SIZE)
        library.ERR_error_string_n(number, text, _ERROR_TEXT_SIZE)
        texts.append(text.value.decode("ascii", "replace"))
    return "; ".join(texts) or "no reason given"
