"""A document that was acknowledged is there, whole, after kill -9; others are or are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from node.documents.store import DocumentStore
from node.protocol import forms as documents
from node.storage.engines import open_engine

WRITER = """
import sys
from node.documents.store import DocumentStore
from node.protocol import forms as documents
from node.storage.engines import open_engine
from tests.common import papers

store = DocumentStore(open_engine(sys.argv[1]))
while True:
    batch = [documents.new_document("roles", papers.roles()) for _ in range(3)]
    digests = store.put_all(batch)
    print(" ".join(digest.hex() for digest in digests), flush=True)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(8, marks=pytest.mark.long)])
def test_kill_loses_no_acknowledged_document(tmp_path, kills):
    path = tmp_path / "node.db"
    acknowledged: set[str] = set()
    for kill in range(kills):
        writer = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(10 + kill):
            acknowledged.update(writer.stdout.readline().split())
        writer.kill()
        # What was printed and not read yet was acknowledged too.
        acknowledged.update(digest for line in writer.stdout for digest in line.split())
        writer.wait()
        writer.stdout.close()
    engine = open_engine(path)
    store = DocumentStore(engine)
    for digest in acknowledged:
        assert documents.digest_of(store.get(bytes.fromhex(digest))).hex() == digest
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        count = connection.exec_driver_sql("SELECT count(*) FROM document").scalar_one()
    engine.dispose()
    assert len(acknowledged) <= count <= len(acknowledged) + 3 * kills
    assert count % 3 == 0
