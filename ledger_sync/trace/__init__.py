"""Traces over the read model: from any id to the others, each line with the check made for it.

`tracer` builds the tree, `lines` are what it consists of; `logged` checks a call's own proofs,
`judging` judges it again, `signing` says who signed a decision and checks it, `concerned` lists
what a call rests on; `bundle` collects the evidence for one call; `ports` are the logs and the
documents as these see them.
"""

from .bundle import Collected, collect_bundle
from .lines import TraceLine
from .ports import Documents, LogReader
from .tracer import Tracer

__all__ = ["Collected", "Documents", "LogReader", "TraceLine", "Tracer", "collect_bundle"]
