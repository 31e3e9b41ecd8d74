"""One decision at a time: built from a paper, signed, its papers stored, relayed, seen mined.

- `act`: a decision ready to be signed
- `desk`: signs, stores documents here and elsewhere, tries out, relays, waits
- `possession`: a key made elsewhere, proved by its holder's signature in a file
- `repeats`: the same decision meant twice, known again
- `departments`, `cataloguing`, `authorising`: build the acts from the papers' bodies
- `founding`: what a city begins with; `founder`: what the ledger is missing of it, decided
- `drafting`: completes what an official says with what the ledger and the papers here know
- `replies`: a reply as a form has it, with terms built of fields
- `baskets`: entries chosen one by one, to be applied for with one signature
- `verdicts`: what waits for a review, and its verdicts
- `reads`: what is asked of the read model and of the papers that are here
"""

from .act import Act
from .desk import Decided, Desk, SignedAct
from .drafting import Drafter

__all__ = ["Act", "Decided", "Desk", "Drafter", "SignedAct"]
