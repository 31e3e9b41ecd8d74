"""What an operator is told: before a start, while a node runs, and when it cannot.

- `reasons`: the system's own errors in words, with the setting they concern
- `checkup`: `shareledger node check`, line by line; `inspection`: what it opens, changing nothing
- `journal`: the operational log, one line an event
- `readings`: how a node fares; `metrics`: that for Prometheus; `monitor`: that as alarms
"""
