"""The demo: one city on one machine, played from enrolment to an offline proof, then kept up.

- play: beginning and end; ending: signals; folder: where everything is; ports; processes
- story: the stages in their order; stages: progress as it is shown, and the closing table
- cast, population, entries, papers: who plays, the synthetic data, what is filled in and signed
- founding, sharing, calling, refusing, proving: what the stages do; offices: at whose desks
- city: the servers and their settings
"""
