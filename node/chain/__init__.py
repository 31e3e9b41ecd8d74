"""The chain as a department's node sees it: standard JSON-RPC of any engine, and our own on it.

jsonrpc: a JSON-RPC endpoint over persistent connections. engines: what differs between engines.
gateway: reads and sends, typed, with errors of ours. transactions: signed raw transactions.
answers: what an endpoint answers, as values. relay: the account that sends, without rights of its
own. outbox: transactions that must arrive; outbox_rows: their rows. duplicates: a refusal that
means the decision is there already.
reverts: a refusal by a contract as a typed error. events: logs as decoded events.
deployment: which contracts, and are they the ones. embedded/: the chain for one machine.
"""
