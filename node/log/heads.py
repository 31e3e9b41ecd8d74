"""The right edge of each log as its writer holds it in memory, and the head row it mirrors.

The row on disk is the truth: whatever is held here is checked against it inside every commit and
loaded again when another process has written. A head never goes backwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import bindparam, func, insert, select, update

from node.errors import ConfigInvalid, LogRolledBack, LogTampered
from node.protocol.wire.checkpoint import Checkpoint, sign_note
from node.protocol.wire.ids import parse_origin
from node.protocol.wire.leaf import VERSION
from node.protocol.wire.merkle import EMPTY_ROOT

from ..storage.bulk import fetch, run
from .indexes import Fresh, load_fresh
from .ranges import make_room
from .tables import entry, head, position
from .tiles import load_tile
from .tree import GrowingTree, Tile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from .counters import Counter
    from .logdrafts import LogIdentity

_READ = select(head.c.size, head.c.root, head.c.at).where(head.c.number == bindparam("number_"))
_MOVE = (
    update(head)
    .where(head.c.number == bindparam("number_"))
    .values({name: bindparam(name) for name in ("size", "root", "checkpoint", "at", "indexed")})
)

MOST_COUNTERS = 10_000
"""Of a log kept in memory."""


@dataclass(slots=True)
class OpenLog:
    """A log a writer can append to."""

    identity: LogIdentity
    number: int
    """The log's number inside this store."""
    tree: GrowingTree
    root: bytes
    at: int
    """Milliseconds of the last entry; 0 before the first."""
    counting: tuple[int, ...]
    """This log's number, then those of the logs it goes on counting from, the newest first."""
    fresh: Fresh
    """Events and calls that are in no index yet."""
    counters: dict[int, Counter] = field(default_factory=dict)
    """Of those used last, as the head's commit left them on disk."""
    room: int = 0
    """How many leaves there is a place for, as far as is known."""

    def make_room(self, connection: Connection, count: int) -> None:
        """See to it that `count` leaves more have their place."""
        if self.tree.size + count > self.room:
            self.room = make_room(connection, self.number, self.tree.size + count)

    def remember_counters(self, moved: Mapping[int, Counter]) -> None:
        """Keep counters as this commit leaves them on disk."""
        if len(self.counters) + len(moved) > MOST_COUNTERS:
            self.counters.clear()
        self.counters.update(moved)

    def refresh(self, connection: Connection) -> None:
        """Follow the head row, held by the running transaction, if it has moved on.

        Raises:
            LogRolledBack: the row is behind what this process has committed or seen.
            LogTampered: the row's root is not that of the stored tiles.
        """
        [(size, root, at)] = fetch(connection, _READ, {"number_": self.number})
        if size == self.tree.size and root == self.root:
            return
        if size <= self.tree.size:
            raise LogRolledBack(
                f"the log's head is size {size} after size {self.tree.size} was seen",
                log=self.identity.log.hex(),
            )
        self.tree = load_tree(connection, self.number, size, root)
        self.fresh = load_fresh(connection, self.number, size)
        self.counters.clear()
        self.root, self.at = root, at


def sign_head(identity: LogIdentity, size: int, root: bytes) -> bytes:
    """Return the signed note of a tree, both lines."""
    signed = sign_note(
        Checkpoint(origin=identity.origin, size=size, root=root),
        sm2=identity.sm2,
        ed25519=identity.ed25519,
    )
    return signed.render()


def open_log(connection: Connection, identity: LogIdentity) -> OpenLog:
    """Load a log's right edge; a log that is new to this store begins empty.

    Raises:
        LogTampered: the stored tree does not hash to its head.
        ConfigInvalid: its leaves are of a version this program does not write.
    """
    row = connection.execute(select(head).where(head.c.log == identity.log)).one_or_none()
    earlier = earlier_logs(connection, identity.origin)
    if row is None:
        number = _create(connection, identity)
        counting = (number, *earlier)
        return OpenLog(identity, number, GrowingTree(0, []), EMPTY_ROOT, 0, counting, Fresh(0))
    _require_version(connection, row.number, row.size)
    tree = load_tree(connection, row.number, row.size, row.root)
    fresh = load_fresh(connection, row.number, row.size)
    return OpenLog(identity, row.number, tree, row.root, row.at, (row.number, *earlier), fresh)


def earlier_logs(connection: Connection, origin: str) -> list[int]:
    """Return the numbers of the logs here that a log has superseded, the newest first."""
    *whose, generation = parse_origin(origin)
    rows = connection.execute(select(head.c.number, head.c.origin))
    found = [(parse_origin(other), number) for number, other in rows]
    earlier = [
        (each[3], number) for each, number in found if [*each[:3]] == whose and each[3] < generation
    ]
    return [number for _, number in sorted(earlier, reverse=True)]


def _require_version(connection: Connection, number: int, size: int) -> None:
    if not size:
        return
    place = position(number, size - 1)
    leaf = connection.scalar(select(entry.c.leaf).where(entry.c.position == place))
    try:
        version = orjson.loads(leaf or b"")["v"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LogTampered(f"entry {size - 1} is not a leaf", what="leaf") from error
    if version != VERSION:
        raise ConfigInvalid(
            f"the log has leaves of version {version}, this program writes {VERSION}: start it on "
            "an empty data folder",
            version=version,
        )


def load_tree(connection: Connection, number: int, size: int, root: bytes) -> GrowingTree:
    """Load the open tiles of a tree and check that they hash to its root.

    Raises:
        LogTampered: they do not.
    """
    tiles = [
        load_tile(connection, number, level, tile_number, width) if width else Tile()
        for level, tile_number, width in GrowingTree.open_tiles(size)
    ]
    tree = GrowingTree(size, tiles)
    if tree.edge().root != root:
        raise LogTampered(f"the tiles do not hash to the head's root at size {size}", what="root")
    return tree


def write_head(connection: Connection, log: OpenLog, checkpoint: bytes) -> None:
    """Move the head row to where the log stands now."""
    moved = {
        "size": log.tree.size,
        "root": log.root,
        "checkpoint": checkpoint,
        "at": log.at,
        "indexed": log.fresh.indexed,
    }
    run(connection, _MOVE, {"number_": log.number, **moved})


def _create(connection: Connection, identity: LogIdentity) -> int:
    largest: int | None = connection.scalar(select(func.max(head.c.number)))
    number = (largest or 0) + 1
    connection.execute(
        insert(head).values(
            number=number,
            log=identity.log,
            origin=identity.origin,
            department=identity.department,
            size=0,
            root=EMPTY_ROOT,
            checkpoint=sign_head(identity, 0, EMPTY_ROOT),
            at=0,
            indexed=0,
        )
    )
    return number
