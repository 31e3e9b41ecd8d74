"""A basket: what goes in, what it is made of, what stands in its way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from node.errors import InvalidInput, MalformedDocument, NotFound
from node.office import baskets
from node.office.baskets import Basket, Chosen
from node.protocol import forms as documents
from node.protocol.ledger.enums import EntryState, ShareType
from node.protocol.ledger.facts import CatalogueFact
from node.protocol.wire import ids
from tests.common import papers

NOW = 1_790_000_000
CODES: dict[bytes, str] = {}
CONSUMER = b"\3" * 32


class Catalogue:
    """Entries by id, each with the versions it has had; their papers."""

    def __init__(self) -> None:
        self.known: dict[bytes, CatalogueFact] = {}
        self.papers: dict[bytes, bytes] = {}
        self.versions: dict[tuple[bytes, int], bytes] = {}
        self.granted: list[Any] = []

    def put(self, entry: bytes, version: int = 1, **changes: Any) -> None:
        data = documents.new_document(
            "catalogue-version",
            papers.catalogue_version(version=version, code=CODES[entry], **changes),
        )
        digest = documents.digest_of(data)
        self.papers[digest] = data
        self.versions[entry, version] = digest
        self.known[entry] = CatalogueFact(
            entry,
            b"\1" * 32,
            b"",
            current=version,
            current_state=EntryState.PUBLISHED,
            share_type=ShareType.CONDITIONAL,
        )

    def change(self, entry: bytes, **changes: Any) -> None:
        self.known[entry] = self.known[entry]._replace(**changes)

    def find_catalogued(self, entry: bytes) -> CatalogueFact | None:
        return self.known.get(entry)

    def get_entry(self, entry: bytes, version: int | None = None) -> Any:
        number = version or 1
        return SimpleNamespace(entry=entry, version=number, digest=self.versions[entry, number])

    def list_authorisations(self, **_: Any) -> list[Any]:
        return self.granted

    def find(self, digest: bytes) -> bytes | None:
        return self.papers.get(digest)


def ids_of(number: int) -> bytes:
    code = f"30300101/{number:05}"
    entry = ids.entry_id(ids.department_id(papers.POLICE), code)
    CODES[entry] = code
    return entry


def troubles(catalogue: Catalogue, basket: Basket) -> list[str]:
    lines = baskets.weigh(basket, CONSUMER, catalogue, catalogue, NOW)  # type: ignore[arg-type]
    return [chinese for line in lines for chinese, _ in line.troubles]


@pytest.fixture
def catalogue() -> Catalogue:
    made = Catalogue()
    made.put(ids_of(1))
    return made


def add(basket: Basket, catalogue: Catalogue, number: int = 1) -> Basket:
    return baskets.add(basket, ids_of(number), catalogue, catalogue)  # type: ignore[arg-type]


def test_what_is_in_already_stays_as_it_is(catalogue: Catalogue) -> None:
    once = add(Basket(), catalogue)
    assert once.chosen == (Chosen(entry=ids_of(1).hex(), version=1, mode="服务接口"),)
    assert add(once, catalogue) is once


def test_a_full_one_takes_no_more(catalogue: Catalogue) -> None:
    full = Basket()
    for number in range(1, baskets.MOST + 2):
        catalogue.put(ids_of(number))
    for number in range(1, baskets.MOST + 1):
        full = add(full, catalogue, number)
    with pytest.raises(InvalidInput, match="最多 20 个"):
        add(full, catalogue, baskets.MOST + 1)
    assert baskets.load_basket(full.dump()) == full


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frozen": True}, "冻结"),
        ({"current": 0, "current_state": 0}, "没有在用的版本"),
        ({"current_state": EntryState.WITHDRAWN}, "没有在用的版本"),
        ({"current_state": EntryState.WITHDRAWAL_SUBMITTED}, "正在撤回"),
        ({"share_type": ShareType.NOT_SHARED}, "不予共享"),
    ],
)
def test_what_cannot_be_applied_for_stays_out_and_is_named_when_it_is_in(
    catalogue: Catalogue, changes: dict[str, Any], words: str
) -> None:
    before = add(Basket(), catalogue)
    catalogue.change(ids_of(1), **changes)
    with pytest.raises(InvalidInput, match=words):
        add(Basket(), catalogue)
    assert any(words in each for each in troubles(catalogue, before))
    lines = baskets.weigh(before, CONSUMER, catalogue, catalogue, NOW)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=words):
        baskets.fields_of(before, lines, papers.EDUCATION, {})


def test_a_newer_version_is_chosen_by_hand_and_keeps_what_it_still_has(
    catalogue: Catalogue,
) -> None:
    entry = ids_of(1)
    basket = add(Basket(), catalogue)
    lines = baskets.weigh(basket, CONSUMER, catalogue, catalogue, NOW)  # type: ignore[arg-type]
    basket = baskets.fill(basket, lines, {"i0-XM": "on", "i0-GMSFHM": "on", "i0-OTHER": "on"})
    assert basket.chosen[0].items == ("XM", "GMSFHM")
    assert troubles(catalogue, basket) == []
    catalogue.put(entry, 2, items=[papers.item("XM")], grade="一般2级")
    assert "已发布第 2 版" in troubles(catalogue, basket)[0]
    renewed = baskets.renew(basket, entry, catalogue, catalogue)  # type: ignore[arg-type]
    assert renewed.chosen == (Chosen(entry=entry.hex(), version=2, items=("XM",), mode="服务接口"),)
    assert baskets.remove(renewed, entry).chosen == ()
    with pytest.raises(NotFound):
        baskets.renew(Basket(), entry, catalogue, catalogue)  # type: ignore[arg-type]


def test_purposes_are_those_that_every_conditional_entry_lists(catalogue: Catalogue) -> None:
    def conditions(*codes: str) -> dict[str, Any]:
        purposes = [{"code": each, "name": f"用途{each}"} for each in codes]
        return {"scopes": ["全市"], "purposes": purposes, "others": []}

    basket = Basket()
    for number, codes in enumerate((("A", "B"), ("B", "C")), start=1):
        catalogue.put(ids_of(number), conditions=conditions(*codes))
        basket = add(basket, catalogue, number)
    lines = baskets.weigh(basket, CONSUMER, catalogue, catalogue, NOW)  # type: ignore[arg-type]
    assert baskets.purposes_of(lines) == {"B": "用途B"}
    assert baskets.purposes_of([]) is None
    said = basket.model_copy(update={"said": {"purpose": "C"}})
    assert any("用途" in each for each in troubles(catalogue, said))


def test_what_is_no_basket_is_refused() -> None:
    for body in (b"", b"{}x", b'{"chosen": [1]}', b'{"said": {"other": "1"}}'):
        with pytest.raises(MalformedDocument):
            baskets.load_basket(body)
    with pytest.raises(MalformedDocument):
        baskets.fill(Basket(), [], {"scope": "长" * 8_001})
