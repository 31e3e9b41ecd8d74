"""A log that is ended on the chain while a node writes it: nobody else is hurt, nothing hidden."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from api.app import build
from api.parts import Node
from api.settings import load_settings
from ledger_sync.trace import Tracer
from node.crypto import Ed25519Signer, SoftwareSigner
from node.errors import LogUnavailable
from node.office import departments
from node.office.allowances import list_numbered
from node.protocol.evidence import verify_evidence
from node.protocol.wire import ids
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.merkle import leaf_hash
from node.protocol.wire.receipt import Receipt
from tests.common import founding, papers
from tests.common.chain import deployed_on
from tests.common.evidence import City
from tests.common.nodes import PASSWORD, QUERY, running_town, serving_on, until
from tests.common.papers import POLICE
from tests.common.shell import invoke

if TYPE_CHECKING:
    from pathlib import Path

    from node.client.http import SignedHttp
    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain


def registered(url: str) -> list[bool]:
    status = httpx.get(f"{url}/api/v1/status").json()
    return [one["registered"] for one in status["departments"]]


def test_calls_are_refused_once_their_log_takes_no_anchor(tmp_path, moulds):
    """What stands in an ended log can be proven to nobody."""
    with moulds.served(tmp_path) as town:
        body = papers.log_succession(relay=town.node.relay.address.hex())
        with town.client() as client:
            client.query(town.first, **QUERY)
            town.decide(departments.supersede_log(body), town.keys.heads[POLICE])
            with pytest.raises(LogUnavailable):
                client.query(town.first, **QUERY)
        assert registered(town.url) == [True, False, True]


def test_an_anchor_that_came_too_late_ends_no_node(tmp_path, own_chain):
    """One department's head must not stop the node of all the others it serves."""
    with deployed_on(own_chain) as chain:
        city = City(chain, tmp_path)
        try:
            city.build()
            city.call()
            city.publisher().run_once()
            city.decide(
                "SupersedeLog",
                {"department": ids.department_id(POLICE), "relay": b"r" * 20, "digest": b"d" * 32},
                city.heads[POLICE],
            )
            anchorer = city.anchorer()
            [row] = anchorer.run_once()
            city.outbox.pump()
            assert city.outbox.find(f"anchor:{city.log.hex()}:1") == row
            assert anchorer.run_once() == []
            assert city.anchorer().run_once() == []
        finally:
            city.close()


def test_calls_of_the_old_log_and_of_the_new_are_traced_and_proven(tmp_path, own_chain):
    with deployed_on(own_chain) as chain:
        city = City(chain, tmp_path)
        try:
            city.build()
            old = city.call()
            city.anchor()
            _, fields = city.keep("log-succession", relay=city.outbox._relay.address.hex())
            city.decide("SupersedeLog", fields, city.heads[POLICE])
            city.begin_next_log(2)
            new = city.call()
            city.anchor()
            for event in (old, new):
                data, trust = city.collect(event).data, city.collect(event).trust
                assert verify_evidence(data, trust).verdict == "proven"
            tracer = Tracer(city.follow(), city.logs, city, chain.deployment)
            found = tracer.trace_authorisation(1)
            assert found.holds, [each for each in found.walk() if not each.ok]
            calls = [one.english for one in found.children if one.english.startswith("call ")]
            assert [line.split(" ")[1] for line in calls] == [old.hex(), new.hex()]
        finally:
            city.close()


def test_a_node_goes_on_in_the_next_log_and_old_receipts_hold(tmp_path, moulds):
    """Neither a succession nor a new key hides a call, or takes a receipt or a number back."""
    with moulds.ended(tmp_path) as ended:
        keys, port = ended.keys, moulds.port
        with running_town(tmp_path, ended.chain, keys=keys, port=port) as town:
            town.first = ended.first
            with town.client() as client:
                old = client.query(town.first, **QUERY)
                client.wait_anchored(old.receipt, 20)
            body = papers.log_succession(relay=town.node.relay.address.hex())
            town.decide(departments.supersede_log(body), town.keys.heads[POLICE])
            first_key = rotate_key(town, tmp_path)
        path = tmp_path / "node.toml"
        lines = path.read_text("utf-8").replace(
            f'code = "{POLICE}"\n', f'code = "{POLICE}"\ngeneration = 2\n'
        )
        path.write_text(lines, "utf-8")
        settings = load_settings(path)
        with socket.create_server(("127.0.0.1", settings.port)) as listener:
            node = Node(settings)
            try:
                node.start()
                with serving_on(build(node), listener):
                    again = replace(town, node=node, https={})
                    with again.client() as client:
                        new = client.query(again.first, **QUERY)
                        upgraded = client.upgrade(old.receipt)
                    fact = node.queries.get_authorisation(again.first)
                    numbered = list_numbered(node.queries, node.reader, {fact.provider}, [fact])
                    check_described(again.url, old.receipt, first_key)
                    url = f"{again.url}/api/v1/logs/{POLICE}/events/"
                    http = again.http(again.keys.application)
                    origins = [origin_of(http, url + one.event.hex()) for one in (old, new)]
                    tiles_of_both(again.url, {1: origins[0], 2: origins[1]})
                    for opened in again.https.values():
                        opened.close()
            finally:
                node.stop()
        assert origins[1] == f"{origins[0]}:2"
        assert upgraded.anchored is not None
        leaves = [one.receipt.parsed_leaf for one in (old, new)]
        assert leaves[1].number == leaves[0].number + 1
        assert numbered == {town.first: leaves[1].number}
        assert leaves[1].prev == leaf_hash(old.receipt.leaf)
    checked = invoke("log", "check", "--config", path)
    assert (checked.code, checked.output.count("✓")) == (0, 4), checked.output


def rotate_key(town: NodeTown, folder: Path) -> bytes:
    """Give the police a new key in the place of the one its log was signed with; return that."""
    before, after = town.keys.nodes[POLICE].public_key.key_id, SoftwareSigner.generate()
    second, head = Ed25519Signer.generate(), town.keys.heads[POLICE]
    town.decide(founding.own_key(POLICE, after, second.public), head, after)
    paper = papers.revocation(department=POLICE, key=before.hex())
    town.decide(departments.revoke_key(paper), head)
    for name, key in (("police-node.key", after), ("police-log.key", second)):
        (folder / name).unlink()
        key.save(folder / name, PASSWORD)
    return before


def check_described(url: str, receipt: Receipt, key: bytes) -> None:
    """Check that the node tells of both logs, and of the key that signed the first."""
    base = f"{url}/api/v1/departments/{POLICE}/log"
    present = httpx.get(base).json()
    assert (present["generation"], present["superseded"]) == (2, False)
    assert key.hex() not in {each["key"] for each in present["keys"]}
    at = receipt.parsed_leaf.at // 1000
    first = httpx.get(base, params={"generation": 1, "at": at}).json()
    assert first["origin"] == receipt.signed_checkpoint.checkpoint.origin
    assert (first["superseded"], first["size"]) == (True, first["size"] or 1)
    [signed] = [each for each in first["keys"] if each["key"] == key.hex()]
    assert signed["revokedAt"] >= at
    revoked = signed["revokedAt"]
    until(lambda: time.time() > revoked + 1)  # a second to come counts as the present one
    for at, counts in ((revoked, True), (revoked + 1, False)):
        later = httpx.get(base, params={"generation": 1, "at": at}).json()
        assert (key.hex() in {each["key"] for each in later["keys"]}) is counts, at
    assert httpx.get(base, params={"generation": 3}).status_code == 404
    anchor = httpx.get(f"{base}/anchors/{first['size']}", params={"generation": 1}).json()
    assert anchor["root"] == first["root"]


def published(prefix: str) -> bool:
    return httpx.get(f"{prefix}/checkpoint").is_success


def tiles_of_both(url: str, origins: dict[int, str]) -> None:
    """A tile may be kept for ever: its path means the same log before and after a succession."""
    logs = f"{url}/api/v1/logs/{POLICE}"
    tiles = {}
    for generation, origin in origins.items():
        prefix = f"{logs}:{generation}"
        until(partial(published, prefix))
        note = SignedCheckpoint.parse(httpx.get(f"{prefix}/checkpoint").content).checkpoint
        assert note.origin == origin
        # Entries of the first commits alone: the keeper may have published more since.
        tiles[generation] = httpx.get(f"{prefix}/tile/0/000.p/1").content
        assert len(tiles[generation]) == 32
        consistency = f"{prefix}/consistency?old=1&new={note.size}"
        assert httpx.get(consistency).json()["new"] == note.size
    assert httpx.get(f"{logs}/tile/0/000.p/1").content == tiles[1] != tiles[2]
    newest = SignedCheckpoint.parse(httpx.get(f"{logs}/checkpoint").content).checkpoint
    assert newest.origin == origins[2]
    assert httpx.get(f"{logs}:3/checkpoint").status_code == 404


def origin_of(http: SignedHttp, url: str) -> str:
    """Return of which log the receipt is that is handed out."""
    receipt = Receipt.parse(http.request("GET", url).json()["receipt"])
    return receipt.signed_checkpoint.checkpoint.origin
