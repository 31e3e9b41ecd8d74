"""How this project's databases are opened and written.

`engines`: SQLite engines. `bulk`: values handed to the driver at once.
"""
