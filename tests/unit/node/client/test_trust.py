"""One's own node is believed for a minute, and only in the documented form."""

import httpx
import pytest

from node.client.http import SignedHttp
from node.client.trust import MOST_KEPT, Anchor, Grant, NodeTrust
from node.crypto import SoftwareSigner
from node.errors import InvalidInput, NotFound

SIGNER = SoftwareSigner.generate()
KEYS = {
    "origin": "shareledger:1:00:A",
    "keys": [{"sm2": SIGNER.public_key.raw.hex(), "ed25519": "ab" * 32}],
}
GRANT = {"provider": "A", "entry": "cd" * 32, "version": 2, "itemCodes": ["XM"]}


@pytest.fixture
def node():
    """Answers by path; `asked` counts, `now` is the clock."""

    class Node:
        trust: NodeTrust

        def __init__(self):
            self.answers, self.asked, self.now = {}, [], 0.0

        def __call__(self, request):
            self.asked.append(request.url.raw_path.decode())
            answer = self.answers.get(request.url.path)
            return httpx.Response(404) if answer is None else httpx.Response(200, json=answer)

    node = Node()
    with SignedHttp(SIGNER, transport=httpx.MockTransport(node)) as http:
        node.trust = NodeTrust(http, "http://own/", clock=lambda: node.now)
        yield node


class TestNodeTrust:
    def test_reads_keys_and_grants(self, node):
        node.answers["/api/v1/departments/A/log"] = KEYS
        node.answers["/api/v1/authorisations/12"] = GRANT
        found = node.trust.log_keys("A")
        assert found.pairs == ((SIGNER.public_key, b"\xab" * 32),)
        assert node.trust.grant(12) == Grant(12, "A", b"\xcd" * 32, 2, ("XM",))

    def test_asks_for_an_earlier_log_as_of_a_second(self, node):
        node.answers["/api/v1/departments/A/log"] = KEYS
        node.trust.log_keys("A")
        node.trust.log_keys("A", 1, 1_790_000_000)
        path = "/api/v1/departments/A/log"
        assert node.asked == [path, f"{path}?generation=1&at=1790000000"]

    def test_keeps_no_more_than_it_may(self, node):
        node.answers["/api/v1/departments/A/log"] = KEYS
        for second in range(MOST_KEPT + 1):
            node.trust.log_keys("A", 1, second)
        assert len(node.trust._kept) <= MOST_KEPT

    def test_asks_again_after_a_minute_only(self, node):
        node.answers["/api/v1/authorisations/12"] = GRANT
        node.trust.grant(12)
        node.now = 59
        node.trust.grant(12)
        assert len(node.asked) == 1
        node.now = 60
        node.trust.grant(12)
        assert len(node.asked) == 2

    @pytest.mark.parametrize(
        "answer", [{}, {"origin": "x"}, {**KEYS, "keys": [{"sm2": "00"}]}, {**KEYS, "keys": 1}, []]
    )
    def test_refuses_what_describes_no_log(self, node, answer):
        node.answers["/api/v1/departments/A/log"] = answer
        with pytest.raises(InvalidInput):
            node.trust.log_keys("A")

    @pytest.mark.parametrize("answer", [{}, {**GRANT, "entry": "xx"}, {**GRANT, "version": "?"}])
    def test_refuses_what_describes_no_authorisation(self, node, answer):
        node.answers["/api/v1/authorisations/12"] = answer
        with pytest.raises(InvalidInput):
            node.trust.grant(12)

    def test_takes_the_anchor_of_the_very_size(self, node):
        path = "/api/v1/departments/A/log/anchors/7"
        node.answers[path] = {"size": 7, "root": "ef" * 32, "tx": "ab" * 32, "checkpointHash": ""}
        assert node.trust.anchor("A", 2, 7) == Anchor(b"\xef" * 32, {"tx": "ab" * 32})
        assert node.asked[-1] == f"{path}?generation=2"
        node.answers[path.replace("7", "8")] = {"size": 9, "root": "ef" * 32}
        with pytest.raises(NotFound):
            node.trust.anchor("A", 2, 8)
