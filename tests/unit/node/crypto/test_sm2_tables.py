"""The native verification accepts what libcrypto accepts, and nothing else."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from node.crypto import SoftwareSigner, nativelib, sm2_libcrypto, sm2_tables
from node.crypto.publickey import GX, GY, A, N, P, Sm2PublicKey, is_on_curve
from node.crypto.sm2_tables import Tables, is_signed, make_table
from node.errors import SelfTestFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    nativelib.load() is None and os.environ.get("CI") != "true",
    reason="node/crypto/native is not built here (no C compiler?)",
)

SOURCE = nativelib.LIBRARY.with_name("sm2_verify.c")
G = (GX, GY)
EDGES = (0, 1, 2, N - 2, N - 1, N, N + 1, P - 1, P, P + 1, 2**255, 2**256 - 1)
KEYS = 20
SIGNATURES = 2_200
"""Each is altered in nine ways more: with the edges about 100,000 questions."""
LONG = int(os.environ.get("SM2_QUESTIONS", "20000000"))
A_KEY = 4_600
"""Questions about a hundred signatures of one key."""
Point = tuple[int, int] | None


def add(a: Point, b: Point) -> Point:
    """Add two points as the textbook does."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar: int, point: Point) -> Point:
    total: Point = None
    for bit in f"{scalar % N:b}":
        total = add(total, total)
        total = add(total, point) if bit == "1" else total
    return total


def opposite(point: Point) -> Point:
    return point and (point[0], -point[1] % P)


def key_at(point: Point) -> Sm2PublicKey:
    assert point is not None
    return Sm2PublicKey.from_coordinates(*point)


def octets(*numbers: int) -> bytes:
    return b"".join((number % 2**256).to_bytes(32, "big") for number in numbers)


def signed_at(point: Point, s: int, t: int) -> tuple[bytes, bytes]:
    """Return e and the signature that hold where sG + tQ is `point`."""
    assert point is not None
    r = (t - s) % N
    return octets((r - point[0]) % N), octets(r, s)


def both(public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
    """Ask both; they must say the same."""
    ours = is_signed(make_table(public), e, signature)
    assert ours is sm2_libcrypto._judge(public, e, signature)
    return ours


def altered(drawn: random.Random, e: bytes, signature: bytes) -> Iterator[tuple[bytes, bytes]]:
    """One signature and what is not quite it."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    bit = 1 << drawn.randrange(256)
    number = int.from_bytes(e, "big")
    yield e, signature
    yield octets(number ^ bit), signature
    yield e, octets(r ^ bit, s)
    yield e, octets(r, s ^ bit)
    yield e, octets(s, r)
    yield e, octets(N - r, s)
    yield e, octets(r, N - s)
    yield e, octets(r, N - r)  # t = 0
    yield e, octets(r + N, s)
    yield octets(number + N), signature  # the same mod n, where that has 256 bits


def compare(seed: int, signatures: int) -> tuple[int, int]:
    """Ask both about one key's signatures; return the questions and how many held."""
    drawn, signer = random.Random(seed), SoftwareSigner.generate()  # noqa: S311 - a test's choice
    public = signer.public_key
    table, asked, held = make_table(public), 0, 0
    for number in range(signatures):
        e = drawn.randbytes(32) if number % 2 else bytes(8) + drawn.randbytes(24)
        questions = list(altered(drawn, e, signer.sign_e(e)))
        edge = EDGES[number % len(EDGES)]
        questions += [(octets(edge), octets(a, b)) for a in EDGES for b in drawn.sample(EDGES, 3)]
        for said, signature in questions:
            ours = is_signed(table, said, signature)
            assert ours is sm2_libcrypto._judge(public, said, signature), (
                f"key {public.raw.hex()} e {said.hex()} signature {signature.hex()}"
            )
            asked, held = asked + 1, held + ours
    return asked, held


def compare_keys(keys: int, signatures: int) -> tuple[int, int]:
    seed = secrets.randbelow(2**32)
    counts = [compare(seed + number, signatures) for number in range(keys)]
    return sum(asked for asked, _ in counts), sum(held for _, held in counts)


def test_libcrypto_says_the_same_of_a_hundred_thousand_signatures() -> None:
    asked, held = compare_keys(KEYS, SIGNATURES // KEYS)
    assert asked >= 100_000
    assert held > SIGNATURES  # as signed, and every other with n added to its e


@pytest.mark.long
def test_libcrypto_says_the_same_of_as_many_signatures_as_wanted() -> None:
    seed = secrets.randbelow(2**32)
    # Both sides verify outside of the interpreter's lock: threads take all cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        seeds = range(seed, seed + LONG // A_KEY + 1)
        asked = sum(asked for asked, _ in threads.map(compare, seeds, repeat(100)))
    assert asked >= LONG


def test_the_standards_example_holds() -> None:
    # GB/T 32918.5-2017, annex A.2
    public = Sm2PublicKey.from_raw(
        bytes.fromhex(
            "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
            "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
        )
    )
    signature = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert both(public, public.message_hash(b"message digest"), signature)


def test_a_point_whose_x_is_above_the_order_holds() -> None:
    x = next(x for x in range(N, P) if (y := root(x)) and is_on_curve(x, y))
    point, s, t = (x, root(x)), 123456789, 987654321
    assert point[1]
    public = key_at(times(pow(t, -1, N), add((x, root(x)), opposite(times(s, G)))))
    assert both(public, *signed_at((x, root(x)), s, t))


def root(x: int) -> int:
    """A square root of the curve's right side where there is one (p = 3 mod 4)."""
    from node.crypto.publickey import B

    return pow((x * x * x + A * x + B) % P, (P + 1) // 4, P)


def test_the_point_at_infinity_signs_nothing() -> None:
    secret, t = 4711, 815
    s = -t * secret % N
    r = (t - s) % N
    public = key_at(times(secret, G))
    for e in EDGES:
        assert not both(public, octets(e), octets(r, s))


@pytest.mark.parametrize(
    ("key", "s", "t"),
    [
        (times(2, G), 2, 1),  # the second multiple is the first: doubled
        (times(2, G), 128, 64),
        (opposite(times(2, G)), 2, 65),  # opposite on the way: on from infinity
        (opposite(G), 5, 3),
        (G, 1, N - 2),
    ],
)
def test_points_that_meet_on_the_way_are_added_right(key: Point, s: int, t: int) -> None:
    total = add(times(s, G), times(t, key))
    e, signature = signed_at(total, s, t)
    assert both(key_at(key), e, signature)
    assert not both(key_at(key), octets(int.from_bytes(e, "big") ^ 1), signature)


def test_a_key_with_leading_zeros_verifies() -> None:
    signer = next(s for s in iter(SoftwareSigner.generate, None) if s.public_key.raw[0] == 0)
    e = bytes(31) + b"\x01"
    assert both(signer.public_key, e, signer.sign_e(e))


def test_no_table_is_made_of_what_is_no_point() -> None:
    for x, y in ((GX, GY + 1), (0, 0), (P + 1, GY), (GX, P)):
        off = Sm2PublicKey.__new__(Sm2PublicKey)  # such a key cannot be made otherwise
        off.__dict__.update(x=x, y=y)
        with pytest.raises(SelfTestFailed):
            make_table(off)


def judged_tables() -> tuple[list[object], Tables]:
    """Tables, and what their judge was asked; he agrees to all."""
    judged: list[object] = []

    def judge(*question: object) -> bool:
        judged.append(question)
        return True

    return judged, Tables(judge)


def test_a_table_comes_with_the_tenth_use() -> None:
    judged, tables = judged_tables()
    signer = SoftwareSigner.generate()
    e = bytes(32)
    for _ in range(30):
        assert tables.verify_e(signer.public_key, e, signer.sign_e(e))
    assert len(judged) == sm2_tables.USES_BEFORE_TABLE - 1


def test_the_tables_of_the_keys_in_use_are_kept_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sm2_tables, "MOST_TABLES", 2)
    monkeypatch.setattr(sm2_tables, "USES_BEFORE_TABLE", 1)
    judged, tables = judged_tables()
    keys = [SoftwareSigner.generate().public_key for _ in range(3)]
    for public in (keys[0], keys[1], keys[0], keys[2]):
        tables.verify_e(public, bytes(32), octets(1, 1))
    assert list(tables._kept) == [keys[0].raw, keys[2].raw]
    assert judged == []


def test_one_accepted_signature_in_a_hundred_is_asked_of_libcrypto_and_a_difference_ends_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    signer, judged = SoftwareSigner.generate(), []

    def refusing(*question: object) -> bool:
        judged.append(question)
        return len(judged) < sm2_tables.USES_BEFORE_TABLE

    tables = Tables(refusing)
    e = b"\x07" * 32
    signature = signer.sign_e(e)
    answers = [tables.verify_e(signer.public_key, e, signature) for _ in range(200)]
    before = sm2_tables.USES_BEFORE_TABLE - 1
    assert answers.index(False) == before + sm2_tables.CHECKED_EVERY - 1
    assert not any(answers[before + sm2_tables.CHECKED_EVERY - 1 :])
    assert not tables.trusted
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "libcrypto verifies alone" in caplog.text


def test_many_are_told_as_each_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_tables, "USES_BEFORE_TABLE", 3)
    drawn = random.Random(2)  # noqa: S311 - a test's choice
    signers = [SoftwareSigner.generate() for _ in range(3)]
    questions = []
    for number in range(60):
        signer, e = signers[number % 3], drawn.randbytes(32)
        questions += [
            (signer.public_key, *each) for each in list(altered(drawn, e, signer.sign_e(e)))[:5]
        ]
    wanted = [sm2_libcrypto._judge(*each) for each in questions]
    drawn.shuffle(order := list(range(len(questions))))
    found = Tables(sm2_libcrypto._judge).verify_all([questions[place] for place in order])
    assert found == [wanted[place] for place in order]
    assert 60 <= sum(found) < len(found)
    assert Tables(sm2_libcrypto._judge).verify_all([]) == []


def test_one_in_a_hundred_of_many_is_asked_of_libcrypto_too(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sm2_tables, "USES_BEFORE_TABLE", 1)
    signer, e = SoftwareSigner.generate(), b"\x07" * 32
    tables = Tables(lambda *_: False)
    answers = tables.verify_all([(signer.public_key, e, signer.sign_e(e))] * 150)
    assert answers.index(False) == sm2_tables.CHECKED_EVERY - 1
    assert not tables.trusted
    assert "libcrypto verifies alone" in caplog.text


def test_it_can_be_switched_off() -> None:
    program = "from node.crypto import *; run_self_test(); print(backend_version())"
    found = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", program],
        env=os.environ | {nativelib.VARIABLE: "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "native" not in found.stdout


@pytest.mark.parametrize("signatures", [4, pytest.param(20, marks=pytest.mark.long)])
def test_sanitizers_find_nothing(tmp_path: Path, signatures: int) -> None:
    program = tmp_path / "asked"
    driver = Path(__file__).with_name("sm2_driver.c")
    subprocess.run(  # noqa: S603 - the compiler
        [
            *("cc", "-O1", "-g", "-std=c11", "-fsanitize=address,undefined"),
            *("-fno-sanitize-recover=all", "-o", str(program), str(driver), str(SOURCE)),
        ],
        check=True,
        capture_output=True,
    )
    signer, drawn = SoftwareSigner.generate(), random.Random(1)  # noqa: S311 - a test's choice
    lines, wanted = [], []
    for _ in range(signatures):
        e = drawn.randbytes(32)
        questions = list(altered(drawn, e, signer.sign_e(e)))
        questions += [
            (octets(a), octets(b, c)) for a, b, c in zip(EDGES, EDGES[3:], EDGES[5:], strict=False)
        ]
        for said, signature in questions:
            lines.append((signer.public_key.raw + said + signature).hex())
            wanted.append(sm2_libcrypto._judge(signer.public_key, said, signature))
    lines.append((octets(GX, GY + 1) + bytes(96)).hex())
    found = subprocess.run(  # noqa: S603 - just built
        [program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [*("1" if each else "0" for each in wanted), "-"]
    assert found.stderr == ""
