"""Another revision beside this one, measured in turns (`make bench-against REV=...`).

Both builds run as processes with an environment of their own; nothing of the other one is
imported here. What differs between them is in `generations`, and nowhere else.

- builds: a revision checked out and set up for a while; its commands and servers
- generations: what a generation of builds wants to be told, and how it is recognised
- city: a small city founded by command line, the same for both; history: a long chain to follow
- rounds: every figure, measured in turns; verdict: what the figures say, as a table and as JSON
"""
