"""What importing web3 must not do to the process."""

from __future__ import annotations

import subprocess
import sys

IMPORTING = """
import sys
limit = sys.getrecursionlimit()
import node.chain.provider
from node.chain.relay import RelayAccount
RelayAccount.generate()
assert "web3" in sys.modules
print(sys.getrecursionlimit() == limit)
"""


def test_the_recursion_limit_stays_what_it_was():
    command = [sys.executable, "-c", IMPORTING]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours
    assert done.stdout.strip() == b"True"
