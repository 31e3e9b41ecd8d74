"""The chain as tables: a read model that every node fills for itself and can drop at any time.

Filling: `follower` puts blocks into the model, one transaction per chunk; `chunk` fetches headers
and events of a range; `completeness` finds logs left out; `pace` says how many blocks at once;
`apply` has a chunk's events judged by `node.protocol.ledger` and keeps what follows; `signatures`
verifies SM2 again, in threads; `rows` is a chunk's working set of the ledger's records; `objects`
names what a decision is about; `arguments` keeps an event; `rebuild` refills in place. Standing:
`tables` are the tables; `cursor` is how far they have come; `identity` is which chain and
contracts; `fingerprint` is one hash of the whole model. Reading: `queries` answers questions, with
`decided` (decisions), `anchorage` (logs, anchors), `selecting` and `reading`; `facts` are the
answers; `grants` is what a call is judged by; `papers` is what the documents ask; `trace/` leads
from any id to the others, and collects the evidence for one call.
"""
