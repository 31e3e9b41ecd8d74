"""Measurements, beside the plain way of doing the same (`make bench`).

- calls: calls a second through a real node, and the gas of the decisions before them
- log: durable appends, proofs, the whole check
- sync: events a second into the read model
- search: Chinese words in a large catalogue
- machine: how steady the machine was meanwhile
- soak: minutes at four fifths of what several fronts take
- figures: what a figure is and how it is shown; load, signing: the generator and its calls; lone:
  a node in a process of its own; plain: the plain way's server
- against: another revision beside this one, in turns (`make bench-against REV=...`)
"""
