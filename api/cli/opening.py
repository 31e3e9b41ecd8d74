"""What a command opens: a node's parts as its settings name them, the key of whoever signs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from node.errors import Unavailable

from .console import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.parts import Node
    from node.crypto import SoftwareSigner


@contextmanager
def open_node(config: Path) -> Iterator[Node]:
    """Open the parts of a node beside the process that may be running it; close them at the end.

    Raises:
        ConfigInvalid: the settings are missing or wrong.
        Unavailable: a database of the node is missing, or was held by another process for long.
    """
    from sqlalchemy.exc import OperationalError

    from api.parts import Node
    from api.settings import load_settings

    node = Node(load_settings(config))
    try:
        yield node
    except OperationalError as error:
        raise Unavailable(
            t(
                f"本节点的数据库打不开或正忙：{error.orig}",
                f"a database of this node cannot be opened or is busy: {error.orig}",
            )
        ) from error
    finally:
        node.stop()


def load_signer(key: Path, password_file: Path) -> SoftwareSigner:
    """Load the key somebody signs with.

    Raises:
        MalformedKey: no such file, a key for something else, or another password.
        ConfigInvalid: the password file is missing or empty.
    """
    from api.settings import read_password
    from node.crypto import SoftwareSigner

    return SoftwareSigner.load(key, read_password(password_file))
