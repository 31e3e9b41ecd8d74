"""The chain as tables: a read model that every node fills for itself and can drop at any time.

Filling: `follower` puts blocks into the model, one transaction per chunk, or refills it whole;
`chunk` fetches headers and events of a range and finds logs left out; `apply` has a chunk's events
judged by `node.protocol.ledger` and keeps what follows; `signatures` verifies SM2 again, in
threads; `rows` is a chunk's working set of the ledger's records; `objects` is what is kept of a
decision. Standing: `tables` are the tables; `model` is which chain they are of, how far they have
come, and one hash over all. Reading: `queries` answers questions, with `decided` (decisions, logs,
anchors) and `selecting` (read transactions); `grants` is what a call is judged by; `readers` is
what the documents ask; `trace/` leads from any id to the others, and collects the evidence for one
call.
"""
