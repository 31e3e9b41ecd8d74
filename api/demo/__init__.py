"""The demo: one city on one machine, played from enrolment to an offline proof, then kept up.

- population: synthetic people, homes and addresses in SQL databases
- stages: progress as it is shown, and the closing table
- processes: the chain and the nodes as child processes that cannot outlive the demo
"""
