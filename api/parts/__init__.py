"""The parts of one node, joined: every port gets its implementation here and nowhere else.

A part is made when it is first asked for, so that a command line that sends one decision opens
no more than it needs; what only a running node has, or who asks others, is imported then as well
(httpx alone takes 0.2 s). The thread that opens a node asks for the parts its other threads share.

Each file adds its parts to those of the one below it, and imports from it alone:

- `whole`: `Node`, which is started and stopped, and what is seen of it
- `serviceparts`: who serves calls, downloads and previews, and from which sources
- `officeparts`: who signs in, drafts, prepares and submits
- `logparts`: the logs, written, read, archived, anchored
- `documentparts`: documents, kept, found, exchanged; the desk that takes decisions
- `ledgerparts`: the outbox, the follower, and who reads the read model
- `base`: settings, keys, stores and the chain's endpoint; `Part` and `Bells`
"""

from .base import Bells, Part
from .whole import Node

__all__ = ["Bells", "Node", "Part"]
