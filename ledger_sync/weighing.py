"""What the contracts would say to a decision, from this node's read model, before anybody signs.

The rules are the core's own; the chain asks again and is right. Nothing is written.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.protocol.ledger.core import Ledger, Origin
from node.protocol.ledger.surroundings import Draft, Sm2Outside

from .model import read_cursor
from .rows import Rows
from .selecting import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.chain.deployment import Deployment
    from node.protocol.ledger.core import Signed, Weighed
    from node.protocol.ledger.signed import Act


class _Unsigned(Sm2Outside):
    """What is not signed yet will be."""

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        del act, x, y
        return True

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        del act, x, y
        return True


class Weigher:
    """The rules over the read model as it stands."""

    def __init__(
        self, engine: Engine, deployment: Deployment, clock: Callable[[], float] = time.time
    ) -> None:
        """Read from `engine`; `clock` gives seconds, as the chain's next block has them."""
        self._engine, self._clock = engine, clock
        key = deployment.root_key
        point = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
        self._origin = Origin(deployment.chain_id, deployment.registry, point)

    def weigh(self, call: Signed, *, signed: bool = False) -> Weighed:
        """Say what the contract would do; `signed`: the signatures are there, and count.

        Raises:
            LedgerBehind: the read model cannot be asked.
        """
        with reading(self._engine) as connection:
            block = read_cursor(connection).block
            second = max(int(self._clock()), 0 if block is None else block.timestamp)
            outside = Sm2Outside() if signed else _Unsigned()
            ledger = Ledger(Draft(Rows(connection)), self._origin, outside)
            return ledger.weigh(call, time=second, block=0 if block is None else block.number + 1)
