"""The chain as tables: a read model that every node fills for itself and can drop at any time.

`follower`: blocks into the model, one transaction per chunk. `chunk`: headers and events of a
range, complete and linked. `pace`: how many blocks at once. `apply`: one chunk's events onto the
rows. `checks`: what an event must pass. `signatures`: SM2 again, in threads. `projector/`: events
to rows, one module per contract. `rows`: a chunk's working set. `tables`: the tables. `cursor`: how
far it has come. `identity`: which chain and contracts. `arguments`: an event's arguments as text.
`queries`: questions, with `decided` (decisions), `anchorage` (logs, anchors), `selecting` and
`reading`. `facts`: their answers. `grants`: what a call is judged by. `papers`: what the documents
ask. `rebuild`: refilling in place. `fingerprint`: one hash of the whole model. `trace`: from any id
to the others. `bundle`: evidence for one call.
"""
