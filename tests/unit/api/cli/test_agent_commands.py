"""The agent signs for one page what its holder agrees to, and for nobody else anything."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
from contextlib import contextmanager
from queue import Queue

import pytest

from api.cli.agent_commands import BODY_BYTES, MOST_CONNECTIONS, AgentServer, Question, Terminal
from node.client.agent import MOST_TRIES, Agent
from node.crypto import SoftwareSigner, verify_decision
from node.crypto.typed import verify_login
from node.errors import VerificationError
from node.protocol.wire.prepared import Line, render_prepared
from tests.common.prepared import CASES, NOW

PAGE = "http://node.gov.cn:8101"
OTHER = "http://evil.example"
SIGNER = SoftwareSigner.generate()
CHALLENGE = f"ShareLedger-login:{PAGE} {'5f' * 32} 2026-09-21T14:13:20Z"  # NOW


class Seen(Terminal):
    """The terminal, with what is shown on it kept for the test."""

    def __init__(self, desk):
        super().__init__(desk._answer)
        self._desk = desk

    def show_code(self, code):
        self._desk.codes.append(code)

    def _show(self, question):
        self._desk.asked.append(question)
        super()._show(question)


class Desk:
    """An agent that runs, and who sits at its terminal."""

    def __init__(self, answers, **options):
        self.codes, self.asked = [], []
        self.domains: list[tuple[object, ...]] = []
        self.answers = answers
        self.terminal = Seen(self)
        self.agent = Agent(
            SIGNER,
            self.terminal,
            lambda *each: self.domains.append(each),
            clock=lambda: NOW,
            **options,
        )
        self.server = AgentServer(self.agent, 0)
        self.port = self.server.server_port

    def _answer(self):
        return self.answers.get(timeout=10)

    def send(self, method, path, body=None, *, origin=PAGE, token=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Origin": origin, "Content-Type": "application/json", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            sent = {name: value for name, value in sent.items() if value is not None}
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(data) if data else None
        finally:
            connection.close()

    def pair(self, origin=PAGE):
        status, _, said = self.send("POST", "/pair", {"code": self.codes[-1]}, origin=origin)
        assert status == 200, said
        return said["token"]


@contextmanager
def desk_of(**options):
    desk = Desk(Queue(), **options)
    threads = [
        threading.Thread(target=desk.server.serve_forever, args=(0.01,), daemon=True),
        threading.Thread(target=desk.terminal.serve, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield desk
    finally:
        desk.server.shutdown()
        desk.server.server_close()
        desk.terminal.end()
        for thread in threads:
            thread.join(10)


@pytest.fixture
def desk():
    with desk_of() as desk:
        yield desk


def said_of(name="reply"):
    return {"prepared": render_prepared(CASES[name].prepare())}


class TestAPairedPage:
    def test_gets_a_decision_signed_that_its_holder_has_read_whole(self, desk, capsys):
        token = desk.pair()
        desk.answers.put("y")
        status, headers, said = desk.send("POST", "/sign", said_of(), token=token)
        assert status == 200
        assert said["key"] == SIGNER.public_key.key_id.hex()
        assert headers["Access-Control-Allow-Origin"] == PAGE
        assert desk.domains[0][:2] == (PAGE, "ShareAuthorisations")
        shown = capsys.readouterr().out
        for word in (
            "部分同意",
            "同意提供姓名",
            "GMSFHM",
            "核验姓名即可",
            "GMSFHM 公民身份号码",
            PAGE,
        ):
            assert word in shown, word

    def test_gets_a_signature_that_holds(self, desk):
        token = desk.pair()
        desk.answers.put("是")
        said = said_of("order")
        _, _, answer = desk.send("POST", "/sign", said, token=token)
        digest = bytes.fromhex(said["prepared"]["hash"])
        verify_decision(SIGNER.public_key, digest, bytes.fromhex(answer["signature"]))

    @pytest.mark.parametrize("answer", ["", "n", "no", "yy", "Y?"])
    def test_gets_nothing_that_was_not_agreed_to(self, desk, answer):
        token = desk.pair()
        desk.answers.put(answer)
        status, _, said = desk.send("POST", "/sign", said_of(), token=token)
        assert (status, said["code"], "signature" in said) == (403, "forbidden", False)

    def test_is_signed_in_at_its_own_node_only(self, desk):
        token = desk.pair()
        desk.answers.put("y")
        status, _, said = desk.send("POST", "/login", {"challenge": CHALLENGE}, token=token)
        assert status == 200
        verify_login(SIGNER.public_key, CHALLENGE.encode(), bytes.fromhex(said["signature"]))
        for other in (
            CHALLENGE.replace(PAGE, OTHER),
            CHALLENGE.replace("2026-09-21T14", "2026-09-21T15"),
            CHALLENGE + "\n",
            f"ShareLedger-decision:{'5f' * 32}",
            CHALLENGE.replace("ShareLedger-login", "ShareLedger-decision"),
            "登录",
        ):
            status, _, said = desk.send("POST", "/login", {"challenge": other}, token=token)
            assert (status, said["code"]) == (400, "malformed-request"), other
        assert len(desk.asked) == 1

    def test_is_asked_one_thing_at_a_time(self, desk):
        token = desk.pair()
        first: Queue[tuple[int, dict[str, str], dict[str, str]]] = Queue()
        thread = threading.Thread(
            target=lambda: first.put(desk.send("POST", "/sign", said_of(), token=token))
        )
        thread.start()
        while not desk.asked:
            threading.Event().wait(0.01)
        status, _, said = desk.send("POST", "/sign", said_of("order"), token=token)
        assert (status, said["code"]) == (409, "conflict")
        desk.answers.put("y")
        assert first.get(timeout=10)[0] == 200
        thread.join(10)


class TestALie:
    @pytest.mark.parametrize(
        "change",
        [
            {"documents": []},
            {"hash": "00" * 32},
            {"text": "ShareLedger-decision:" + "00" * 32},
            {"references": []},
            {"kind": "Change"},
        ],
    )
    def test_in_what_was_prepared_is_not_even_asked_about(self, desk, change):
        token = desk.pair()
        prepared = {**said_of()["prepared"], **change}
        status, _, said = desk.send("POST", "/sign", {"prepared": prepared}, token=token)
        assert status in {400, 409}, said
        assert desk.asked == []

    def test_about_the_reading_changes_nothing_that_is_shown(self, desk, capsys):
        """The page's own reading is not looked at: it is made anew from papers and struct."""
        token = desk.pair()
        desk.answers.put("n")
        prepared = said_of("order")["prepared"]
        line = {
            "part": "document",
            "label": {"zh": "x", "en": "x"},
            "value": {"zh": "无害", "en": "x"},
        }
        lie = {"prepared": {**prepared, "reading": [line]}}
        assert desk.send("POST", "/sign", lie, token=token)[0] == 403
        shown = capsys.readouterr().out
        assert "无害" not in shown
        assert "节点失守" in shown

    def test_about_the_contract_is_refused_before_anything_is_asked(self):
        with desk_of() as desk:

            def elsewhere(*_):
                raise VerificationError("another system")

            desk.agent._require_domain = elsewhere
            token = desk.pair()
            status, _, said = desk.send("POST", "/sign", said_of(), token=token)
            assert (status, said["code"], desk.asked) == (409, "verification-failed", [])


class TestAnotherPage:
    def test_is_not_answered_once_one_is_paired(self, desk):
        token = desk.pair()
        for method, path in (
            ("GET", "/"),
            ("OPTIONS", "/sign"),
            ("POST", "/pair"),
            ("POST", "/sign"),
        ):
            body = {"code": desk.codes[-1]} if path == "/pair" else said_of()
            status, headers, _ = desk.send(method, path, body, origin=OTHER, token=token)
            assert status == 403
            assert not any(name.lower().startswith("access-control") for name in headers)
        assert desk.asked == []

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:7701", "127.0.0.1", ""])
    def test_cannot_come_by_a_name_that_was_made_to_lead_here(self, desk, host):
        for method, path in (("GET", "/"), ("POST", "/pair")):
            said = {"code": desk.codes[-1]}
            assert desk.send(method, path, said, Host=host)[0] == 403
        assert desk.agent.status(PAGE)["paired"] is False

    @pytest.mark.parametrize("origin", [None, "null", "", "file://", "http://x y", f"{PAGE}/path"])
    def test_that_does_not_say_where_it_is_from_is_not_answered(self, desk, origin):
        assert desk.send("POST", "/pair", {"code": desk.codes[-1]}, origin=origin)[0] == 403

    def test_has_few_guesses(self, desk):
        wrong = "0" * 8 if desk.codes[-1] != "0" * 8 else "1" * 8
        for _ in range(MOST_TRIES):
            status, _, said = desk.send("POST", "/pair", {"code": wrong}, origin=OTHER)
            assert (status, said["code"]) == (403, "forbidden")
        assert desk.send("POST", "/pair", {"code": desk.codes[-1]})[0] == 403
        assert desk.send("GET", "/")[2] == {
            "agent": "shareledger",
            "paired": False,
            "pairing": False,
        }

    def test_is_never_paired_where_one_node_was_named(self):
        with desk_of(only=PAGE) as desk:
            assert desk.send("POST", "/pair", {"code": desk.codes[-1]}, origin=OTHER)[0] == 403
            assert desk.pair()

    def test_is_the_same_page_without_its_token(self, desk):
        token = desk.pair()
        for wrong in (None, "", token[:-1], "é"):
            status, _, said = desk.send("POST", "/sign", said_of(), token=wrong)
            assert (status, said["code"]) == (401, "signature-invalid")
        assert desk.codes[0] != desk.codes[-1], "a code is good for once"
        assert desk.send("POST", "/pair", {"code": desk.codes[0]})[0] == 403
        assert desk.pair() != token
        assert desk.send("POST", "/sign", said_of(), token=token)[0] == 401


class TestTheConnection:
    def test_lets_the_browser_ask_first(self, desk):
        asked = {"Access-Control-Request-Private-Network": "true"}
        status, headers, _ = desk.send("OPTIONS", "/pair", **asked)
        assert status == 204
        assert headers["Access-Control-Allow-Origin"] == PAGE
        assert headers["Access-Control-Allow-Headers"] == "authorization, content-type"
        assert headers["Access-Control-Allow-Private-Network"] == "true"
        assert headers["Vary"] == "Origin"

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            (b"{", {}),
            (b"[" * 100_000, {}),
            (b"[]", {}),
            (b'{"code":1}', {}),
            (b'{"code":"1","more":1}', {}),
            (b'{"code":"1"}', {"Content-Type": "text/plain"}),
            (b"{}", {"Content-Length": "x"}),
            (b"{}", {"Content-Length": "9" * 30}),
            (b"{}", {"Content-Length": str(BODY_BYTES + 1)}),
        ],
    )
    def test_takes_no_other_body(self, desk, body, headers):
        status, _, said = desk.send("POST", "/pair", body, **headers)
        assert (status, said["code"]) == (400, "malformed-request")

    def test_leads_nowhere_else(self, desk):
        assert desk.send("GET", "/etc/passwd")[0] == 404
        assert desk.send("POST", "/", {})[0] == 404
        assert desk.send("GET", "/")[2] == {
            "agent": "shareledger",
            "paired": False,
            "pairing": True,
        }

    def test_is_one_of_few(self, desk):
        idle = [http.client.HTTPConnection("127.0.0.1", desk.port) for _ in range(MOST_CONNECTIONS)]
        for each in idle:
            each.connect()
        refused = 0
        for _ in range(3):
            try:
                desk.send("GET", "/")
            except (OSError, http.client.HTTPException):
                refused += 1
        for each in idle:
            each.close()
        assert refused


def test_a_question_nobody_answers_is_over():
    terminal = Terminal(lambda: "y", answer_seconds=0.01)
    assert terminal.ask(PAGE, []) is False
    terminal.end()
    terminal.serve()


def test_what_was_typed_before_a_question_stood_there_answers_nothing(monkeypatch):
    keyboard, screen = os.openpty()
    with os.fdopen(screen) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(keyboard, b"y\n")

        def read() -> str:
            os.write(keyboard, b"n\n")
            return stdin.readline()

        terminal = Terminal(read)
        question = Question(PAGE, [], Queue(1))
        terminal._questions.put(question)
        terminal.end()
        terminal.serve()
        assert question.answer.get_nowait() is False
    os.close(keyboard)


def test_a_text_cannot_look_like_a_line_of_the_reading(capsys):
    terminal = Terminal(lambda: "n")
    lie = Line("document", ("理由", "reason"), ("例行\n签名文字：另一份", "routine\ntext: another"))
    terminal._show(Question(PAGE, [lie], Queue(1)))
    assert not any(line.startswith("签名文字") for line in capsys.readouterr().out.splitlines())
