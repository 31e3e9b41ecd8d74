"""`shareledger` whose new key files open quickly: `python -m tests.common.quick_command ARGUMENTS`.

The rounds that whoever guesses a password must pay are 0.2 s of processor time a key and command;
that they are 600,000 is a fact of the unit tests. All else is the command line as it is installed.
"""

from __future__ import annotations

import sys

from api.cli import main
from tests.common.keyfiles import quick_files

COMMAND = (sys.executable, "-m", "tests.common.quick_command")

if __name__ == "__main__":
    with quick_files():
        main()
