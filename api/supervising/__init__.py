"""A node of several processes: one that watches, one that writes the log, one that keeps, N fronts.

`offspring`: one child process, from its fork to its end. `duties`: what each of them does.
`supervisor`: who is begun when, begun again, and ended.
"""
