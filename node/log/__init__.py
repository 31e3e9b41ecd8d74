"""The append-only log of each department: what was asked, what was answered, and the proof of it.

`writer`: the thread that groups waiting calls into commits. `writerhost`: the same as a process
of its own, `farwriter`: what others submit to it through, `framing`: the bytes between them.
`commit`: the one transaction.
`batch`: its part for one log. `heads`: the right edge in memory against the head row on disk.
`counters`: running numbers and the day's quota. `resends`: replays and identical resends.
`batchrows`: what a commit keeps in rows of its own, `indexes`: what follows from them, `parts`:
strings in one.
`reader`: heads, entries, events and proofs for everyone else. `scanning`: what no index leads to,
a bounded stretch at a time. `marks`: where a leaf is, by its hash. `tiles`: tiles as rows, and
proofs at any size from them. `tree`: the RFC 6962 tree of tiles, pure. `check`: the whole log,
its entries hashed again (`checkentries`), `logpairs`: by whose keys. `published`: checkpoints that
were shown to others. `tallies`: calls counted by hour and by what they were for, in a database of
their own. `logdrafts`: the values that go in and come out, `leafdraft`: a leaf before its commit.
`tables`: the schema of `log.db`. `archiving`: the loop that brings full tiles to a store,
`tilestore`: that store, a folder or a bucket, `fartiles`: reading from there, checked.

Nothing here knows the chain, the read model or HTTP; a log is named by its 32-byte id.
"""

from __future__ import annotations

from .archiving import Archivist, find_archived
from .check import check_log
from .commit import Committer
from .farwriter import FarWriter, listen_at
from .leafdraft import LeafDraft
from .logdrafts import Committed, Draft, LogIdentity
from .marks import Marks
from .published import (
    last_published,
    list_published,
    mark_published,
)
from .reader import LogReader
from .resends import Resend
from .scanning import LogScanner
from .strips import Strips
from .tallies import Tallier, Tallies
from .tilestore import Place, TileStore
from .writer import LogWriter
from .writerhost import LogHost

__all__ = [
    "Archivist",
    "Committed",
    "Committer",
    "Draft",
    "FarWriter",
    "LeafDraft",
    "LogHost",
    "LogIdentity",
    "LogReader",
    "LogScanner",
    "LogWriter",
    "Marks",
    "Place",
    "Resend",
    "Strips",
    "Tallier",
    "Tallies",
    "TileStore",
    "check_log",
    "find_archived",
    "last_published",
    "list_published",
    "listen_at",
    "mark_published",
]
