"""How a node grows: the same work on ever larger stores, and what follows for a city or the nation.

`measuring` fills and times, `capacity` reckons machines and disks from the figures, `rendering`
writes both into docs/scale.md and its Chinese twin, with a curve of each.
"""
