"""Processes of `shareledger` that begin where its imports have ended, each a fork of one zygote.

A process of the command line imports for one to three seconds, and the tests start hundreds. The
zygote has imported once; `warmed()` is a command that has it fork: this very file, run without
site-packages, hands over arguments, environment, folder and the three streams, passes signals on,
and ends as the fork ends. Key files it makes open quickly (`quick_command`). The fork is a process
like any other but for its parent, and for its imports: what is tested of starting, of signals to a
group, of kill -9 and of orphans starts the real one, `quick_command.COMMAND`.

When the client is killed, so is its fork; when the tests end, the zygote does, and all with it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import IO, NoReturn

READY = "ready"
LANGUAGE = "SHARELEDGER_LANG"
"""What speaks English must be started anew: which language it is, modules see when imported."""
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PRELOADED = (
    "anyio._backends._asyncio", "api.app", "api.city.builder", "api.city.plan",
    "api.console.audit", "api.console.board", "api.console.desk", "api.console.evidence",
    "api.console.mishaps", "api.console.operation", "api.console.public", "api.console.review",
    "api.console.signin", "api.http.chainrpc", "api.parts", "coincurve", "gmssl.sm2", "h11",
    "httpcore", "node.chain.embedded", "node.chain.provider", "node.chain.transactions",
    "node.crypto.sm2_gmssl", "node.crypto.sm2_libcrypto", "node.office.intents",
    "node.service.sources", "opencc", "openpyxl", "uvicorn.lifespan.on", "uvicorn.loops.uvloop",
)  # fmt: skip
"""Besides what the command line imports for one of its groups or another."""
_BYTES = 1 << 20
_PDEATHSIG = 1
_started: list[tuple[str, ...]] = []


def warmed() -> tuple[str, ...]:
    """Return the command that has a fork run `shareledger`; the first call starts the zygote."""
    if not _started:
        begin()()
    return _started[0]


def begin() -> Callable[[], None]:
    """Start the zygote. Returns what waits until it has imported everything."""
    import atexit
    import shutil
    import subprocess
    import tempfile
    from pathlib import Path

    owner, folder = os.getpid(), tempfile.mkdtemp(prefix="zygote-")
    path = str(Path(folder) / "socket")
    zygote = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "tests.common.zygote", path],
        cwd=Path(__file__).parents[2],
        env={**os.environ, LANGUAGE: "zh"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def end() -> None:
        if os.getpid() == owner:  # and not a fork of its own, which uses it too
            zygote.communicate("")
            shutil.rmtree(folder)

    def wait() -> None:
        assert zygote.stdout is not None
        assert zygote.stdout.readline().strip() == READY
        _started.append(client(path))

    atexit.register(end)
    return wait


def client(path: str) -> tuple[str, ...]:
    """Return the command whose arguments a fork gets of the process that serves at a socket."""
    return (sys.executable, "-I", "-S", __file__, path)


def servers() -> AbstractContextManager[object]:
    """Let a city's chain and nodes, which the product starts, be forks as well."""
    from unittest.mock import patch

    from api.city import processes

    return patch.object(processes, "launch", _launch)


def _launch(
    arguments: list[str],
    output: IO[bytes],
    *,
    inherited: tuple[int, ...] = (),
    program: str = "",
) -> subprocess.Popen[bytes]:
    import subprocess

    from api.city.processes import COMMAND_LINE

    assert program in {"", COMMAND_LINE}, program  # what is warm is the command line
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*warmed(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=inherited,
    )


def _be_client(path: str, arguments: list[str]) -> NoReturn:
    """Have a fork run, and end as it ends."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        request = {"arguments": arguments, "environ": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - pathlib takes time
        socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], [0, 1, 2])
        for each in PASSED_ON:
            signal.signal(each, lambda number, _: connection.sendall(bytes([number])))
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # held back, perhaps, when this was started
        status = int(connection.recv(_BYTES) or signal.SIGKILL)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def _be_zygote(path: str) -> list[str] | None:
    from importlib import import_module

    from api.cli import command_line
    from node.client.http import authorities

    for name in _PRELOADED:
        import_module(name)
    command_line()
    authorities()  # read once for all
    return fork_for_clients(path)


def fork_for_clients(path: str) -> list[str] | None:
    """Fork for whoever asks. Returns in each fork its arguments; in this process None, at its end.

    That is when whoever started it closes its standard input, which nothing may have read.
    """
    import gc
    import threading

    assert threading.active_count() == 1, "a fork has no other threads"
    gc.collect()
    gc.freeze()  # or each fork's first collection would copy all of it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        os.write(1, f"{READY}\n".encode())
        while True:
            asked, _, _ = select.select([listener.fileno(), 0], [], [], 60)
            _reap()
            if 0 in asked:  # whoever started it has ended
                return None
            if not asked:
                continue
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return _guard(connection)
            connection.close()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def _guard(connection: socket.socket) -> list[str]:
    """Fork once more, pass signals to it, and tell how it ended. Returns in the fork alone."""
    _end_with_parent()
    said, streams, _, _ = socket.recv_fds(connection, _BYTES, 3)
    while not said.endswith(b"\n"):
        said += connection.recv(_BYTES)
    request = json.loads(said)
    child = os.fork()
    if child == 0:
        connection.close()
        _end_with_parent()
        return _become(request, streams)
    for each in (*streams, 0, 1, 2):
        os.close(each)
    ended = os.pidfd_open(child)
    while ended not in select.select([connection.fileno(), ended], [], [])[0]:
        numbers = connection.recv(_BYTES) or bytes([signal.SIGKILL])  # nothing: it was killed
        for number in numbers:
            os.kill(child, number)
        if numbers == bytes([signal.SIGKILL]):
            break
    _, status = os.waitpid(child, 0)
    try:
        connection.sendall(str(status).encode())
    except OSError:
        os._exit(1)  # nobody waits for it
    os._exit(0)


def _end_with_parent() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _become(request: dict[str, object], streams: list[int]) -> list[str]:
    """Be as a process is that was started with this."""
    import time

    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    environ: dict[str, str] = request["environ"]  # type: ignore[assignment]
    assert not environ.get(LANGUAGE, "zh").startswith("en"), "forks speak Chinese"
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.chdir(str(request["folder"]))
    arguments: list[str] = request["arguments"]  # type: ignore[assignment]
    sys.argv = ["shareledger", *arguments]
    return arguments


def _run(path: str) -> None:
    from api.cli import main
    from tests.common.keyfiles import quick_files

    arguments = _be_zygote(path)
    if arguments is None:
        return
    _started.append(client(path))
    with quick_files(), servers():
        main(arguments)


if __name__ == "__main__":
    if sys.flags.isolated:
        _be_client(sys.argv[1], sys.argv[2:])
    _run(sys.argv[1])
