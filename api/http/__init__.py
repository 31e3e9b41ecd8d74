"""HTTP as the node and the embedded chain speak it.

`connection`: bounds on what a stranger sends. `server`: uvicorn, ended in order. `shares`: who of
several fronts takes a connection. `callers`: who is calling. `problems`: errors as problem+json.
`chainrpc`: the embedded chain's JSON-RPC.
"""
