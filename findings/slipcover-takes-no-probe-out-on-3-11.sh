#!/bin/bash
# SlipCover 1.1.0 with immediate=True takes no probe out again on Python 3.11: code stays slow.
#
# Input: a function with a loop, instrumented with immediate=True and run twice.
# Expected: each probe is replaced by a jump when it is first passed, as on Python 3.8 to 3.10.
# Why it is: the jump is written into `co_code`, which is a copy there; what runs is
# `co_code_adaptive`, in the code object itself. (From 3.12 on SlipCover has events, no probes.)
# Seen (Python 3.11.7, 2026-11-28):
#   jumps after both runs: 0; calls left: 12; a run takes 3.0 times as long as without probes
# So our probes write the jump where it runs (tests/common/probes.py, DECISIONS 157).
# Ends with 0 while no jump is there, with 1 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'slipcover==1.1.0'
"$folder/venv/bin/python" - <<'PYTHON'
import ast
import dis
import sys
import time

from slipcover import Slipcover
from slipcover.branch import preinstrument

SOURCE = """
def work(times):
    found = 0
    for each in range(times):
        if each % 2:
            found += 1
        else:
            found -= 1
        kept = found
        again = kept
    return found
"""


def made(code):
    names = {}
    exec(code, names)
    return names["work"]


def seconds(work):
    work(1_000)
    begun = time.process_time()
    work(300_000)
    return time.process_time() - begun


plain = made(compile(SOURCE, "plain.py", "exec"))
probes = Slipcover(branch=True, immediate=True)
probed = made(probes.instrument(compile(preinstrument(ast.parse(SOURCE)), "probed.py", "exec")))
ratio = seconds(probed) / seconds(plain)
text = probed.__code__._co_code_adaptive
push, nop, jump = (dis.opmap[name] for name in ("PUSH_NULL", "NOP", "JUMP_FORWARD"))
begins = [text[at] for at in range(0, len(text) - 2, 2) if text[at + 2] == push]
jumps, calls = begins.count(jump), begins.count(nop)
print(f"jumps after both runs: {jumps}; calls left: {calls}; ", end="")
print(f"a run takes {ratio:.1f} times as long as without probes")
sys.exit(jumps > 0 or calls == 0)
PYTHON
