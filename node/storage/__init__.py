"""How this project's databases are opened and written.

`stores`: which there are. `engines`: files of SQLite. `postgresql`: schemas of a server's database.
`dialects`: what statements and tables of the two differ in. `locking`: work of one process at a
time. `bulk`: values handed to the driver at once. `migrations`: revisions of the office's tables.
"""
