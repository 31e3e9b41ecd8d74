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
assert sys.getrecursionlimit() == limit
assert not [name for name in sys.modules if name.startswith("py_ecc") and "bls" in name]
from node.chain.ethereum import BLS12_381_ORDER
from py_ecc.bls import G2ProofOfPossession
from py_ecc.bls12_381 import curve_order
assert curve_order == BLS12_381_ORDER
assert G2ProofOfPossession.SkToPk(1)
print("done")
"""


def test_the_recursion_limit_stays_what_it_was_and_py_ecc_is_left_out():
    command = [sys.executable, "-c", IMPORTING]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours
    assert done.stdout.strip() == b"done"
