"""A database file is opened for writing only if it is one."""

import pytest

from node.errors import ConfigInvalid
from node.store import open_engine


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "log.db"
    path.write_bytes(b"no database" * 1000)
    engine = open_engine(path)
    with pytest.raises(ConfigInvalid, match=r"log\.db"):
        engine.connect()
    engine.dispose()
    assert path.read_bytes() == b"no database" * 1000
