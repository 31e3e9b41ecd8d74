"""Measurements, beside the plain way of doing the same (`make bench`).

- calls: calls a second through a real node
- log: durable appends, proofs, the whole check
- sync: events a second into the read model
- search: Chinese words in a large catalogue
"""
