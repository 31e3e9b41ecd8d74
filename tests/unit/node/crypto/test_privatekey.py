"""Key files that other tools really wrote: `tests/vectors/keyfiles`, made by its `make.sh`."""

from __future__ import annotations

import base64
import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper, sm2_gmssl, verify_sm2_e
from node.crypto.der import pkcs8
from node.crypto.pbes2 import open_pkcs8, seal_pkcs8
from node.crypto.privatekey import find_public_key, open_private_key, read_private_key
from node.crypto.publickey import N
from node.errors import MalformedKey

FILES = Path(__file__).parents[3] / "vectors" / "keyfiles"
PASSWORD = b"fixture password"
SIGNER = SoftwareSigner.generate()
READ = {
    "shareledger.pem.pub": ("shareledger.pem",),
    "openssl-public.pem": (
        "openssl-pkcs8.pem",
        "openssl-sec1.der",
        "openssl-sec1.pem",
        "openssl-sec1-no-public.der",
        "openssl-dek.pem",
        "openssl-default.pem",
        "openssl-600000.pem",
        "openssl-sha512.der",
        "openssl-sm4.pem",
        "openssl-scrypt.pem",
    ),
    "openssl-parameters-public.pem": ("openssl-parameters.pem",),
    "gmssl-public.pem": ("gmssl-encrypted.pem",),
    "emmansun-public.pem": (
        "emmansun-default.pem",
        "emmansun-sm3-sm4.pem",
        "emmansun-scrypt.pem",
        "emmansun-smpbes.pem",
        "emmansun-sec1.pem",
    ),
    "tjfoc-public.pem": ("tjfoc-encrypted.pem",),
    "tjfoc-short-public.pem": ("tjfoc-short.pem",),
    "bouncycastle-public.der": (
        "bouncycastle-default.pem",
        "bouncycastle-sha256.pem",
        "bouncycastle-sec1.pem",
        "bouncycastle-dek.pem",
        "bouncycastle-pkcs8.der",
    ),
}
"""By the public key they all must have."""
REFUSED = {
    "openssl-p256.pem": "P-256 1.2.840.10045.3.1.7",
    "openssl-ed25519.pem": "1.3.101.112",
    "openssl-explicit.pem": "-param_enc named_curve",
    "openssl-public.pem": "holds no private key",
    "bouncycastle-3des.pem": "1.2.840.113549.3.7",
    "emmansun-sm4-gcm.pem": "1.2.156.10197.1.104.8",
}


def own(tmp_path: Path, name: str) -> Path:
    """Return a copy of a file that its owner alone may read."""
    path = tmp_path / name
    shutil.copyfile(FILES / name, path)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("public", "name"), [(public, name) for public, names in READ.items() for name in names]
)
def test_a_key_of_another_maker_signs_and_opens(tmp_path: Path, public: str, name: str) -> None:
    expected = find_public_key((FILES / public).read_bytes())
    assert expected is not None
    path = own(tmp_path, name)
    signer = SoftwareSigner.load(path, PASSWORD)
    assert signer.public_key == expected
    if name != "shareledger.pem":  # it says that it is for signing
        assert SoftwareUnwrapper.load(path, PASSWORD).public_key == expected
    verify_sm2_e(expected, bytes(32), signer.sign_e(bytes(32)))
    half = read_private_key(path.read_bytes(), PASSWORD)
    assert sm2_gmssl.from_scalar(half.scalar).public_key == expected


def is_sealed(name: str) -> bool:
    content = (FILES / name).read_bytes()
    return b"ENCRYPTED" in content or name.endswith("sha512.der")


@pytest.mark.parametrize("name", [each for names in READ.values() for each in names])
def test_a_wrong_password_is_said_and_one_in_clear_needs_none(tmp_path: Path, name: str) -> None:
    path = own(tmp_path, name)
    if is_sealed(name):
        for wrong in (b"Fixture password", b""):
            with pytest.raises(MalformedKey, match="wrong password"):
                SoftwareSigner.load(path, wrong)
    else:
        SoftwareSigner.load(path, b"")


@pytest.mark.parametrize(("name", "said"), REFUSED.items())
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(MalformedKey) as refused:
        SoftwareSigner.load(own(tmp_path, name), PASSWORD)
    assert said in refused.value.message
    assert str(tmp_path / name) in refused.value.message


def test_what_is_wrong_inside_an_encrypted_file_is_named_too() -> None:
    for name, said in (("openssl-explicit.pem", "named_curve"), ("openssl-p256.pem", "P-256")):
        sealed = seal_pkcs8(open_private_key((FILES / name).read_bytes(), b""), PASSWORD)
        with pytest.raises(MalformedKey, match=said):
            read_private_key(sealed, PASSWORD)


def test_a_key_that_names_no_curve_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "key.der"
    path.touch(mode=0o600)
    path.write_bytes(bytes.fromhex("30250201010420" + "11" * 32))
    with pytest.raises(MalformedKey, match="names no curve"):
        SoftwareSigner.load(path, b"")


def test_every_file_of_the_folder_is_accounted_for() -> None:
    known = {*READ, *(each for names in READ.values() for each in names), *REFUSED}
    known |= {"openssl-public.der", "README.md", "make.sh", "make.go", "Make.java"}
    assert {path.name for path in FILES.iterdir()} == known


def test_a_file_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    path = own(tmp_path, "openssl-default.pem")
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(MalformedKey, match=f"chmod 600 {path}"):
            SoftwareSigner.load(path, PASSWORD)


def test_an_ed25519_key_of_openssl_is_read(tmp_path: Path) -> None:
    assert len(Ed25519Signer.load(own(tmp_path, "openssl-ed25519.pem"), b"").public) == 32


@pytest.mark.parametrize("scalar", [0, N - 1, N, 2**256 - 1])
def test_a_scalar_out_of_range_is_no_key(tmp_path: Path, scalar: int) -> None:
    path = tmp_path / "key.der"
    path.touch(mode=0o600)
    path.write_bytes(pkcs8(scalar))
    with pytest.raises(MalformedKey, match="out of range"):
        SoftwareSigner.load(path, b"")


@pytest.mark.parametrize("text", ["pem", "der", "hex", "04hex", "compressed"])
def test_a_public_key_is_read_in_every_usual_form(text: str) -> None:
    pem, der = ((FILES / f"openssl-public.{kind}").read_bytes() for kind in ("pem", "der"))
    raw = der[-64:]
    forms = {
        "pem": pem,
        "der": der,
        "hex": raw.hex().encode() + b"\n",
        "04hex": b"04" + raw.hex().upper().encode(),
        "compressed": (bytes((2 + raw[-1] % 2,)) + raw[:32]).hex().encode(),
    }
    found = find_public_key(forms[text])
    assert found is not None
    assert found.raw == raw


@pytest.mark.parametrize("name", [*(each for names in READ.values() for each in names)])
def test_a_private_key_is_not_taken_for_a_public_one(name: str) -> None:
    assert find_public_key((FILES / name).read_bytes()) is None


@pytest.mark.parametrize("label", ["CERTIFICATE", "CERTIFICATE REQUEST"])
def test_a_certificate_is_answered_with_the_command_that_takes_its_key_out(label: str) -> None:
    body = base64.b64encode((FILES / "openssl-public.der").read_bytes()).decode()
    pem = f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
    with pytest.raises(MalformedKey, match=r"openssl \w+ -in FILE -noout -pubkey"):
        find_public_key(pem)


@pytest.mark.parametrize(
    "content", [b"", b"password", (FILES / "openssl-sec1.pem").read_text().encode("utf-16")]
)
def test_a_file_that_is_no_key_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(MalformedKey, match="文件里没有私钥"):
        read_private_key(content, b"")


def test_a_pkcs12_file_is_answered_with_the_command_that_takes_its_key_out() -> None:
    inner = bytes.fromhex("06092a864886f70d010701")
    content = (
        bytes((0x30, 3 + 2 + len(inner))) + b"\x02\x01\x03" + bytes((0x30, len(inner))) + inner
    )
    with pytest.raises(MalformedKey, match="openssl pkcs12"):
        read_private_key(content, b"")


@pytest.mark.parametrize("content", [b"00" * 64, b"05" + b"00" * 64, b"ab" * 32, b"02" + b"f" * 64])
def test_hex_that_is_no_point_is_no_public_key(content: bytes) -> None:
    with pytest.raises(MalformedKey):
        find_public_key(content)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "PRIVATE KEY", "SM2 PARAMETERS", "X"]))
def test_random_bytes_raise_nothing_but_our_error(data: bytes, name: str) -> None:
    label = name.encode()
    pem = b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, data, label) if name else data
    for read in (lambda: read_private_key(pem, b"x"), lambda: find_public_key(pem)):
        with contextlib.suppress(MalformedKey):
            read()


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_file_raises_nothing_but_our_error(position: int, flip: int) -> None:
    for name in ("openssl-public.der", "bouncycastle-pkcs8.der", "openssl-sec1.der"):
        der = bytearray((FILES / name).read_bytes())
        der[position % len(der)] ^= flip
        with contextlib.suppress(MalformedKey):
            read_private_key(bytes(der), b"x")
        with contextlib.suppress(MalformedKey):
            find_public_key(bytes(der))


def test_our_own_files_are_sealed_as_documented() -> None:
    """600,000 rounds of PBKDF2-HMAC-SHA256, 16 bytes of salt, AES-256-CBC."""
    from node.crypto.privatekey import _blocks

    (block,) = _blocks(seal_pkcs8(pkcs8(1), PASSWORD))
    assert block.label == "ENCRYPTED PRIVATE KEY"
    for part in ("02030927c0", "300c06082a864886f70d02090500", "060960864801650304012a"):
        assert part in block.octets.hex()
    assert open_pkcs8(block.octets, PASSWORD) == pkcs8(1)
