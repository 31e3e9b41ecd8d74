"""`shareledger agent`: holds a key file on its owner's machine and signs what he agrees to.

HTTP on loopback, for one page in his browser; the rules stand in `node.client.agent`. A name that
was made to lead here (DNS rebinding) is refused by Host, every page but the paired one by Origin,
and answers are readable to that page alone (CORS, Private Network Access).
"""

from __future__ import annotations

import getpass
import sys
import termios
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from node.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LedgerError,
    NotFound,
    SignatureInvalid,
    VerificationError,
)

from .console import note, put, say, t
from .options import KEY_PASSWORD_VARIABLES, KeyOption, NodeTrustOption, option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from socket import socket

    from node.client.agent import Agent
    from node.client.pinning import Pins
    from node.crypto import SoftwareSigner
    from node.protocol.evm.decision import Domain
    from node.protocol.wire.prepared import Line

PORT = 7701
NO = False
BODY_BYTES = 32 * 1024 * 1024
"""A prepared decision with a whole table's documents."""
MOST_CONNECTIONS = 16
SECONDS = 30.0
"""How long a connection may take to say what it wants."""
ANSWER_SECONDS = 300.0
"""How long a question waits for its answer."""
STATUSES: tuple[tuple[type[LedgerError], int], ...] = (
    (SignatureInvalid, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (VerificationError, 409),
    (InvalidInput, 400),
)


class Question(NamedTuple):
    """What the officer is asked."""

    origin: str
    lines: Sequence[Line]
    answer: Queue[bool]
    """Takes his answer; whoever asked waits for it so long and no longer."""


class Terminal:
    """The officer's side: questions come one by one, he answers y or nothing is signed."""

    def __init__(
        self, read: Callable[[], str] = input, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Read answers by `read`, a line at a time; a question waits so long for its own."""
        self._read, self._seconds = read, answer_seconds
        self._questions: Queue[Question | None] = Queue()

    def show_code(self, code: str) -> None:
        say(f"配对码 {code}（在页面里填写，只用一次）", f"pairing code {code}, good for once")

    def ask(self, origin: str, lines: Sequence[Line]) -> bool:
        question = Question(origin, lines, Queue(1))
        self._questions.put(question)
        try:
            return question.answer.get(timeout=self._seconds)
        except Empty:
            # Whatever is answered now comes too late, unless it came between the two.
            with suppress(Full):
                question.answer.put_nowait(NO)
            return NO

    def serve(self) -> None:
        """Ask what there is to ask, until it is ended."""
        while (question := self._questions.get()) is not None:
            if question.answer.full():
                continue
            self._show(question)
            agreed = self._read().strip().lower() in {"y", "yes", "是"}
            try:
                question.answer.put_nowait(agreed)
            except Full:
                say("已过时，没有签名", "too late: nothing was signed")
                continue
            say("已签名", "signed") if agreed else say("没有签名", "nothing was signed")

    def end(self) -> None:
        """Let `serve` return."""
        self._questions.put(None)

    def _show(self, question: Question) -> None:
        put("")
        say(f"—— {question.origin} 的页面请您签名 ——", f"— the page of {question.origin} asks —")
        for line in question.lines:
            # What somebody wrote goes on behind a mark: it cannot look like a line of ours.
            put(f"{t(*line.label)}：{t(*line.value)}".replace("\n", "\n    ┊ "))
        # A key that was pressed once too often answers nothing that was not shown.
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        sys.stdout.write(t("签名吗？[y/N] ", "Sign? [y/N] "))
        sys.stdout.flush()


class AgentServer(ThreadingHTTPServer):
    """Answers on loopback, a bounded number of connections at a time."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, agent: Agent, port: int) -> None:
        """Listen on 127.0.0.1 at `port`; 0 lets the system choose.

        Raises:
            OSError: the port is taken.
        """
        self.agent = agent
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(("127.0.0.1", port), Handler)
        names = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{self.server_port}" for name in names}
        """What Host may be: any other name was made to lead here."""

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - theirs
        """Serve a connection in a thread, if there is room for one more."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve it, and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:  # noqa: ANN401
        """Say nothing of a page that went away; whatever else fails is a bug and is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One request of a page."""

    server: AgentServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "shareledger-agent", ""
    timeout = SECONDS

    def do_OPTIONS(self) -> None:
        """Tell the browser what the page may send; none but the one that is admitted learns it."""
        if (origin := self._admitted()) is not None:
            self.send_response(204)
            self._allow(origin)
            self.send_header("Access-Control-Allow-Methods", "GET, POST")
            self.send_header("Access-Control-Allow-Headers", "authorization, content-type")
            self.send_header("Access-Control-Max-Age", "600")
            if self.headers.get("Access-Control-Request-Private-Network") == "true":
                self.send_header("Access-Control-Allow-Private-Network", "true")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        """Answer that here is an agent."""
        if (origin := self._admitted()) is not None:
            agent = self.server.agent
            self._run(origin, lambda: agent.status(origin) if self.path == "/" else _nothing())

    def do_POST(self) -> None:
        """Pair, sign or sign in."""
        if (origin := self._admitted()) is None:
            return
        agent = self.server.agent
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answers: dict[str, Callable[[object], dict[str, str]]] = {
            "/pair": lambda said: agent.pair(origin, said),
            "/sign": lambda said: agent.sign(origin, token, said),
            "/login": lambda said: agent.login(origin, token, said),
        }
        answer = answers.get(self.path)
        self._run(origin, lambda: _nothing() if answer is None else answer(self._body()))

    def _admitted(self) -> str | None:
        """Return the page's origin if it may be answered; refuse it otherwise."""
        origin, host = self.headers.get("Origin", ""), self.headers.get("Host", "").lower()
        hosts = self.headers.get_all("Host", [])
        if len(hosts) == 1 and host in self.server.hosts and self.server.agent.admits(origin):
            return origin
        # No header of CORS: the page cannot read even this.
        self._send(403, {"code": "forbidden", "detail": "此页面不可使用代理 / not for this page"})
        return None

    def _body(self) -> object:
        """Read a JSON body within its bounds.

        Raises:
            InvalidInput: it is too large, of another type, or not JSON.
        """
        import orjson

        length = self.headers.get("Content-Length", "")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        # A form needs no preflight; JSON does.
        if kind != "application/json" or not length.isascii() or not length.isdigit():
            raise InvalidInput("正文应为 JSON，并写明长度 / a JSON body with its length")
        if len(length) > len(str(BODY_BYTES)) or int(length) > BODY_BYTES:
            raise InvalidInput(f"正文超过 {BODY_BYTES} 字节 / the body is too large")
        try:
            said: object = orjson.loads(self.rfile.read(int(length)))
        except orjson.JSONDecodeError as error:
            raise InvalidInput("正文不是 JSON / the body is not JSON") from error
        return said

    def _run(self, origin: str, answer: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send(200, answer(), origin)
        except LedgerError as error:
            from api.refusing_words import chinese_of

            detail = chinese_of(error)
            note(f"已拒绝：{detail}", f"refused: {error.message}")
            status = next((code for kind, code in STATUSES if isinstance(error, kind)), 500)
            said = {"code": error.code, "detail": detail, "detailEn": error.message}
            self._send(status, said, origin)

    def _send(self, status: int, said: dict[str, Any], origin: str | None = None) -> None:
        import orjson

        content = orjson.dumps(said)
        # What was not read of a body must not be taken for the next request.
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        if origin is not None:
            self._allow(origin)
        self.end_headers()
        self.wfile.write(content)

    def _allow(self, origin: str) -> None:
        self.send_header("Access-Control-Allow-Origin", origin)
        self.send_header("Vary", "Origin")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: the terminal belongs to the questions."""


def _nothing() -> dict[str, Any]:
    raise NotFound("代理没有这个地址；有 GET /、POST /pair、/sign、/login / no such address")


def agent(
    key: KeyOption,
    *,
    port: Annotated[
        int, option("--port", "本机端口", "port on loopback", min=0, max=65_535)
    ] = PORT,
    password_file: Annotated[
        Path | None,
        option(
            "--password-file",
            "私钥口令所在的文件；不给则在终端询问",
            "file with the key's password; asked for if not given",
            envvar=KEY_PASSWORD_VARIABLES,
        ),
    ] = None,
    node: Annotated[
        str | None,
        option(
            "--node",
            "只与这个节点的页面配对",
            "pair with this node's page only",
            metavar="URL",
            envvar="SHARELEDGER_NODE",
        ),
    ] = None,
    trust: NodeTrustOption = None,
) -> None:
    """Serve the page on loopback; ask here before anything is signed. Ended by Ctrl-C."""
    from node.client.agent import Agent

    terminal = Terminal()
    signer = _open_key(key, password_file)
    only = None if node is None else node.rstrip("/").lower()
    rules = Agent(signer, terminal, _domains(trust), only=only)
    with AgentServer(rules, port) as server:
        say(
            f"代理在 http://127.0.0.1:{server.server_port}，密钥 {signer.public_key.key_id.hex()}；"
            "按 Ctrl-C 结束",
            f"agent at http://127.0.0.1:{server.server_port}, key "
            f"{signer.public_key.key_id.hex()}; Ctrl-C ends it",
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            terminal.serve()
        except (KeyboardInterrupt, EOFError) as ended:
            raise typer.Exit(0) from ended
        finally:
            server.shutdown()


def _open_key(key: Path, password_file: Path | None) -> SoftwareSigner:
    from node.crypto import SoftwareSigner

    from .opening import load_signer

    if password_file is not None:
        return load_signer(key, password_file)
    try:
        password = getpass.getpass(t(f"{key} 的口令：", f"password of {key}: "))
    except EOFError as error:
        raise InvalidInput(t("没有给出口令", "no password was given")) from error
    return SoftwareSigner.load(key, password.encode())


def _domains(trust: Path | None) -> Callable[[str, str, Domain], None]:
    """Return what holds a decision's contract against what is known of its page's node."""
    from .offices import pins_of

    known: dict[str, Pins] = {}

    def require(origin: str, contract: str, domain: Domain) -> None:
        if origin not in known:
            known[origin] = pins_of(origin.partition("//")[2], trust)
        known[origin].require(contract, domain)

    return require
