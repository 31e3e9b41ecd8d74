"""The chain as a department's node sees it: standard JSON-RPC of any engine, and our own on it.

gateway: reads and sends, typed, with errors of ours; web3 asks (provider) over persistent, bounded
connections (jsonrpc). answers: what an endpoint answers, as values, logs as decoded events.
reverts: a refusal by a contract as a typed error. relay: the account that sends, without rights of
its own. outbox: transactions that must arrive, and a refusal that means the decision is there
already; outbox_rows: their rows.
deployment: which contracts, and are they the ones; recompile: are they the published source.
embedded/: the chain for one machine; transactions: signed ones, as it reads them.
"""
