"""Ports of the demo: a wanted one, or the next that is free and that no other demo has chosen.

A server listens only a while after its port was chosen. Until then the choice is known to other
demos by an abstract unix socket (unix(7)), which the kernel takes back with the process.
"""

from __future__ import annotations

import socket
from contextlib import closing

from node.errors import Unavailable

TRIED_PORTS = 1000
_CLAIM = "\0shareledger-demo-port-{}"


class Ports:
    """The ports one demo has chosen."""

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def choose(self, wanted: int) -> int:
        """Return `wanted`, or the next port on loopback that nobody has.

        Raises:
            Unavailable: none of the next thousand is free.
        """
        for port in range(wanted, wanted + TRIED_PORTS):
            if _is_free(port) and self._claim(port):
                return port
        raise Unavailable(
            f"{wanted} 起的 {TRIED_PORTS} 个端口都被占用 / no free port from {wanted} on"
        )

    def close(self) -> None:
        """Give all of them back."""
        for claim in self._claims:
            claim.close()
        self._claims.clear()

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(_CLAIM.format(port))
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        # As the servers will: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
