import os
import subprocess
import sys
from typing import Any

import pytest

from node.crypto import (
    backend,
    backend_version,
    libcrypto,
    run_self_test,
    selftest,
    sm2_gmssl,
    sm2_libcrypto,
)
from node.errors import ConfigInvalid, SelfTestFailed


def run(code: str, chosen: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "SM2_BACKEND": chosen},
    )


SELF_TEST = "from node.crypto import *; run_self_test(); print(backend_version())"


def test_the_self_test_passes_with_libcrypto() -> None:
    run_self_test()
    assert backend_version().startswith("libcrypto (OpenSSL ")


def test_the_self_test_passes_with_gmssl_and_warns_loudly() -> None:
    result = run(SELF_TEST, "gmssl")
    assert result.stdout.startswith("gmssl ")
    assert "RuntimeWarning: SM2_BACKEND=gmssl" in result.stderr


def test_an_unknown_backend_is_refused() -> None:
    result = run(SELF_TEST, "mbedtls")
    assert result.returncode != 0
    assert "SM2_BACKEND=mbedtls: choose one of libcrypto, gmssl" in result.stderr


VECTORS = [name for name in selftest._TESTS if "beside" not in name]
FAULTS: dict[str, list[tuple[Any, str, Any]]] = {
    "Keccak-256 beside Cryptodome": [(selftest, "keccak256", lambda _: bytes(32))],
    "SM3 beside gmssl": [(selftest, "sm3", lambda _: bytes(32))],
    "SM4 beside gmssl": [(selftest, "sm4_seal", lambda *_: bytes(32))],
    "SM2 beside gmssl": [
        (sm2_libcrypto, "verify_e", lambda *_: False),
        (sm2_gmssl, "verify_e", lambda *_: False),
        (sm2_libcrypto, "encrypt", lambda public, _: sm2_gmssl.encrypt(public, bytes(16))),
        (sm2_gmssl, "encrypt", lambda public, _: sm2_libcrypto.encrypt(public, bytes(16))),
    ],
}


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults]
)
def test_a_cipher_another_library_disagrees_with_stops_the_process(
    name: str, fault: tuple[Any, str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*fault)
    monkeypatch.setattr(selftest, "_TESTS", {name: selftest._TESTS[name]})
    with pytest.raises(SelfTestFailed, match=name):
        run_self_test()


def test_every_cipher_is_tried_both_ways() -> None:
    assert set(selftest._TESTS) == {*VECTORS, *FAULTS}


@pytest.mark.parametrize("name", VECTORS)
def test_a_cipher_with_another_answer_stops_the_process(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for constant in ("_SM3_ABC", "_SM4_SEALED", "_SIGNATURE", "_C3"):
        monkeypatch.setattr(selftest, constant, bytes(len(getattr(selftest, constant))))
    monkeypatch.setattr(selftest, "_TESTS", {name: selftest._TESTS[name]})
    with pytest.raises(SelfTestFailed, match=name):
        run_self_test()


class TestFindingLibcrypto:
    @pytest.fixture(autouse=True)
    def fresh(self, monkeypatch: pytest.MonkeyPatch):
        libcrypto.load.cache_clear()
        yield
        monkeypatch.undo()
        libcrypto.load.cache_clear()

    def test_says_what_was_tried_when_there_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(libcrypto, "_candidates", lambda: ["libcrypto.so.none"])
        with pytest.raises(ConfigInvalid, match=r"libcrypto\.so\.none"):
            libcrypto.load()

    def test_refuses_an_older_openssl(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(libcrypto, "_version_number", lambda _: 0x1010117F)
        with pytest.raises(ConfigInvalid, match=r"0x1010117f is older than OpenSSL 3\.0"):
            libcrypto.load()

    def test_a_library_that_does_not_tell_its_version_is_too_old(self) -> None:
        assert libcrypto._version_number(object()) == 0  # type: ignore[arg-type]

    def test_is_the_instance_pythons_ssl_loads(self) -> None:
        import ssl

        if ssl.OPENSSL_VERSION_INFO[0] >= 3:
            assert libcrypto.version() == ssl.OPENSSL_VERSION


def test_the_backend_is_chosen_once() -> None:
    assert backend.load() is backend.load()
