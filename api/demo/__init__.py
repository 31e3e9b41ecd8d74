"""The demo: one city on one machine, played from enrolment to an offline proof, then kept up.

- play: the beginning, the stages of the story in their order, the end
- stages: progress as it is shown, and the closing table
- claims: the folder and the ports; city: the example of `city init` on them
- cast, population, entries, papers: who plays, the synthetic data, what is filled in and signed
- granting, calling, refusing, intruding, proving: what the stages do
- impersonating: the page at which one signs in as any of its people
- leaving: what stays with `--keep`, a call to make among it
"""
