"""One anvil process, used as an EVM only.

Started so that nothing of it survives us: no state on disk, and the kernel kills it
(PR_SET_PDEATHSIG) when the **thread** that started it ends. That thread must therefore be the one
that owns it to the end; here it is the sealer's.
The signal is asked for by a launcher that then becomes anvil, not by `preexec_fn`: a fork that
runs Python between fork and exec can deadlock once other threads exist, and a respawn has them.
"""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ...errors import ChainUnavailable, ConfigInvalid, TransactionRefused
from ..jsonrpc import Endpoint

GENESIS_TIMESTAMP = 1_767_225_600
"""2026-01-01T00:00:00Z: the genesis block is the same one at every start."""
BLOCK_GAS_LIMIT = 1_000_000_000
START_SECONDS = 15.0
"""How long a start may take before it counts as failed."""

_POLL_SECONDS = 0.005
_PORT_ATTEMPTS = 5
_REPOSITORY = Path(__file__).parents[3]
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_FLAGS = (
    "--host", "127.0.0.1",
    "--no-mining",
    "--prune-history",
    "--hardfork", "cancun",
    "--accounts", "0",
    "--base-fee", "0",
    "--gas-price", "0",
    "--disable-min-priority-fee",
    "--order", "fifo",
    "--timestamp", str(GENESIS_TIMESTAMP),
    "--gas-limit", str(BLOCK_GAS_LIMIT),
    "--no-request-size-limit",
    "--quiet",
)  # fmt: skip
# argv: parent's pid, program, its arguments. Asking comes before the look at the parent: if the
# parent died in between, the signal was missed and the launcher ends by itself.
_LAUNCHER = """
import ctypes, os, signal, sys
if ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0):
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that wanted anvil has gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


def find_anvil() -> Path:
    """Find the anvil program: `SHARELEDGER_ANVIL`, else the one `make setup` installed.

    Raises:
        ConfigInvalid: there is none.
    """
    override = os.environ.get("SHARELEDGER_ANVIL")
    machine = _MACHINES.get(platform.machine(), platform.machine())
    folder = f"hardhat/node_modules/@foundry-rs/anvil-linux-{machine}/bin/anvil"
    program = Path(override) if override else _REPOSITORY / folder
    if not os.access(program, os.X_OK):
        raise ConfigInvalid(f"no anvil program at {program}: run `make setup`")
    return program


class Anvil:
    """A running anvil at its genesis, on a port of 127.0.0.1 that nobody else is told."""

    def __init__(self, program: Path, chain_id: int) -> None:
        """Start it and wait until it answers.

        Raises:
            ChainUnavailable: it does not answer in `START_SECONDS`, or ends.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in kill()
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = _free_port()
            self._process = self._spawn(program, chain_id, port)
            self.endpoint = Endpoint(f"http://127.0.0.1:{port}", timeout_seconds=60)
            try:
                self._wait_until_ready()
            except ChainUnavailable:
                # Between our choosing the port and anvil's binding it another process may.
                if attempt == _PORT_ATTEMPTS or self._process.poll() is None:
                    self.kill()
                    raise
                self.endpoint.close()  # the process has ended, and is replaced with its address
            except BaseException:
                self.kill()  # an interrupt, too: nobody else knows of this process
                raise
            else:
                return

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it at once; it has nothing worth keeping."""
        self.endpoint.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def result(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """Call a method that cannot be refused.

        Raises:
            ChainUnavailable: it was refused, or anvil does not answer.
        """
        response = self.endpoint.call(method, *params)
        if "error" in response:
            raise ChainUnavailable(f"anvil refused {method}: {response['error']}")
        return response["result"]

    def send(self, raw: bytes) -> bytes:
        """Hand over one transaction and return its hash.

        Raises:
            TransactionRefused: with anvil's words.
            ChainUnavailable: anvil does not answer.
        """
        response = self.endpoint.call("eth_sendRawTransaction", "0x" + raw.hex())
        if "error" in response:
            raise TransactionRefused(str(response["error"].get("message")), reason="invalid")
        return bytes.fromhex(response["result"][2:])

    def mine(self, timestamp: int) -> dict[str, Any]:
        """Put all waiting transactions into one block of that time; return the block."""
        self.result("evm_setNextBlockTimestamp", timestamp)
        self.result("evm_mine")
        block: dict[str, Any] = self.result("eth_getBlockByNumber", "latest", False)  # noqa: FBT003
        return block

    def receipts(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.result("eth_getBlockReceipts", hex(number))
        return found

    def _spawn(self, program: Path, chain_id: int, port: int) -> subprocess.Popen[bytes]:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(program)]
        return subprocess.Popen(  # noqa: S603 - our own program, no shell
            [*launcher, *_FLAGS, "--chain-id", str(chain_id), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us; we end it in order
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._errors.seek(0)
                words = self._errors.read().decode(errors="replace").strip()
                raise ChainUnavailable(
                    f"anvil ended with status {self._process.returncode}: {words}"
                )
            try:
                self.result("eth_chainId")
            except ChainUnavailable:
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise ChainUnavailable(f"anvil does not answer after {START_SECONDS:.0f} s")


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
