"""Traces over the read model: from any id to the others, each line with the check made for it.

`tracer` builds the tree, `lines` are what it consists of, `judging` what is checked for each;
`collecting` lists what a call rests on and collects its evidence, from logs and documents as ports.
"""

from .collecting import (
    Collected,
    Documents,
    LogReader,
    collect_bundle,
    trust_at,
)
from .lines import TraceLine
from .tracer import Tracer

__all__ = [
    "Collected", "Documents", "LogReader", "TraceLine", "Tracer", "collect_bundle", "trust_at",
]  # fmt: skip
