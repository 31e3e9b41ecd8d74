"""Receipts on the disk: whole, the owner's alone, there before their answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from node.client.receiptfolder import ReceiptFolder
from node.errors import ConfigInvalid, ItemNotGranted, MalformedReceipt, ReceiptInvalid
from node.protocol.wire.receipt import Receipt
from tests.common.conformance import Runner
from tests.common.make_conformance.__main__ import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from node.client.calls import LedgerClient

DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
RUNNER = Runner(DATA, "node")


def given(op: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        case["given"] for case in DATA["cases"] if (case["op"], case["name"]) == (op, name)
    )
    return found


ANSWER = given("query", "an answer")["body"]
HELD = given("upgrade", "a receipt that the chain has reached")
RECEIPT = Receipt.parse(HELD["receipt"])
ANCHORED = Receipt.parse(next(iter(HELD["provider"].values()))["receipt"])

LOG = "/api/v1/departments/11130900MB0000002Q/log?generation=1"


@pytest.fixture
def folder(tmp_path: Path) -> ReceiptFolder:
    return ReceiptFolder(tmp_path / "receipts")


def client(
    folder: ReceiptFolder, body: Any = ANSWER, status: int = 200, **own: Any
) -> LedgerClient:
    """A client whose provider gives one answer, or answers by path where `body` is a table."""
    made: LedgerClient = RUNNER._client(
        {**DATA["nodes"]["present"], **own},
        lambda request: (
            httpx.Response(200, json=body[request.url.raw_path.decode()])
            if any(name.startswith("/") for name in body)
            else httpx.Response(status, json=body)
        ),
    )
    made._receipts = folder
    return made


class TestFolder:
    def test_keeps_what_it_reads_back(self, folder: ReceiptFolder) -> None:
        path = folder.keep(RECEIPT)
        assert folder.load(path) == RECEIPT
        assert folder.list_files() == [path]
        assert path.name.startswith(RECEIPT.parsed_leaf.event.hex() + "-")

    def test_is_the_owners_alone(self, folder: ReceiptFolder) -> None:
        path = folder.keep(RECEIPT)
        assert (folder.path.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
        assert [each.name for each in folder.path.iterdir()] == [path.name]

    def test_takes_an_anchor_and_never_gives_it_back(self, folder: ReceiptFolder) -> None:
        path = folder.keep(RECEIPT)
        assert folder.keep(ANCHORED) == path
        assert folder.load(path) == ANCHORED
        folder.keep(RECEIPT)
        assert folder.load(path) == ANCHORED

    def test_keeps_both_of_two_leaves_of_one_event(self, folder: ReceiptFolder) -> None:
        other = replace(RECEIPT, leaf=RECEIPT.leaf.replace(b'"number":4', b'"number":5'))
        assert folder.keep(RECEIPT) != folder.keep(other)
        assert len(folder.list_files()) == 2

    def test_writes_over_nothing_that_is_no_receipt(self, folder: ReceiptFolder) -> None:
        path = folder.keep(RECEIPT)
        path.write_text("{}", encoding="utf-8")
        with pytest.raises(MalformedReceipt):
            folder.keep(RECEIPT)
        assert path.read_text(encoding="utf-8") == "{}"

    def test_says_in_one_line_that_it_cannot(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(ConfigInvalid, match="receipts cannot be kept there"):
            ReceiptFolder(tmp_path / "file").keep(RECEIPT)

    def test_is_empty_before_it_is_there(self, folder: ReceiptFolder) -> None:
        assert folder.list_files() == []


class TestCalls:
    def test_keep_the_receipt_of_an_answer(self, folder: ReceiptFolder) -> None:
        with client(folder) as calling:
            answer = calling.send(*RUNNER.asked("query"))
        assert answer.kept is not None
        assert folder.load(answer.kept) == answer.receipt

    def test_hand_out_no_answer_whose_receipt_is_not_kept(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        with client(ReceiptFolder(tmp_path / "file")) as calling, pytest.raises(ConfigInvalid):
            calling.send(*RUNNER.asked("query"))

    def test_keep_the_receipt_of_a_refusal(self, folder: ReceiptFolder) -> None:
        body = given("query", "item-not-granted, with its receipt")["body"]
        with client(folder, body, 403) as calling, pytest.raises(ItemNotGranted) as refused:
            calling.send(*RUNNER.asked("query"))
        kept: Any = refused.value.facts["kept"]
        assert folder.load(kept) == refused.value.facts["receipt"]

    def test_keep_nothing_that_does_not_hold(self, folder: ReceiptFolder) -> None:
        body = given("query", "other rows under the receipt of these")["body"]
        with client(folder, body) as calling, pytest.raises(ReceiptInvalid):
            calling.send(*RUNNER.asked("query"))
        assert folder.list_files() == []


class TestUpgradingWhatIsKept:
    @pytest.fixture(autouse=True)
    def kept(self, folder: ReceiptFolder) -> Path:
        return folder.keep(RECEIPT)

    def test_brings_what_the_chain_holds_to_its_anchor(
        self, folder: ReceiptFolder, kept: Path
    ) -> None:
        own = {LOG: {"size": ANCHORED.size}, **HELD["anchors"]}
        with client(folder, HELD["provider"], **own) as calling:
            done = calling.upgrade_kept()
            assert (done.upgraded, done.waiting, done.failed) == (1, 0, [])
            assert folder.load(kept).anchored is not None
            again = calling.upgrade_kept()
        assert (again.upgraded, again.waiting) == (0, 0)

    def test_asks_nothing_more_of_what_is_waiting(self, folder: ReceiptFolder) -> None:
        own: dict[str, Any] = {LOG: {"size": RECEIPT.index}}
        with client(folder, {"/": None}, **own) as calling:
            done = calling.upgrade_kept()
        assert (done.upgraded, done.waiting, done.failed) == (0, 1, [])

    def test_names_what_does_not_hold_and_goes_on(self, folder: ReceiptFolder, kept: Path) -> None:
        other = folder.path / f"{'0' * 64}-{'0' * 16}.json"
        other.write_text("[]", encoding="utf-8")
        forked = given("upgrade", "a log that was forked and anchored")
        own = {LOG: {"size": ANCHORED.size}, **forked["anchors"]}
        with client(folder, forked["provider"], **own) as calling:
            done = calling.upgrade_kept()
        failed = [(path, error.code) for path, error in done.failed]
        assert failed == [(other, "malformed-receipt"), (kept, "consistency-invalid")]

    def test_needs_a_folder(self, folder: ReceiptFolder) -> None:
        with client(folder) as calling:
            calling._receipts = None
            with pytest.raises(ConfigInvalid):
                calling.upgrade_kept()
