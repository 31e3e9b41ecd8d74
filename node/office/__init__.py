"""One decision at a time: built from a paper, signed, its papers stored, relayed, seen mined.

- `act`: a decision ready to be signed
- `desk`: signs, stores documents here and elsewhere, tries out, relays, waits
- `repeats`: the same decision meant twice, known again
- `departments`, `catalogue`, `authorisations`, `logs`: build the acts from the papers' bodies
"""

from .act import Act
from .desk import Decided, Desk, SignedAct

__all__ = ["Act", "Decided", "Desk", "SignedAct"]
