"""The demo: one city on one machine, played from enrolment to an offline proof, then kept up.

- play: the whole, from an empty folder to a city started again
- cast, offices: who plays, and at whose desk; papers, entries: what they write
- city: folders, settings files, chain and nodes
- founding, sharing, calling, proving: the acts
- population: synthetic people, homes and addresses in SQL databases
- stages: progress as it is shown, and the closing table
- processes: the chain and the nodes as child processes that cannot outlive the demo
"""
