"""A folder of receipts, one file each, readable by its owner only.

A file is called `<event>-<first 16 digits of the leaf's hash>.json`, so that of two leaves that a
provider gives for one event neither overwrites the other, and holds the receipt's canonical JSON
(protocol.md 6.4), the same as the JavaScript client's. It is on the disk, its name too, before
`keep` returns; a crash before that leaves nothing but a temporary file.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import ConfigInvalid, MalformedReceipt, reason
from ..protocol.wire import canonical, merkle
from ..protocol.wire.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_BYTES = 65_536
_NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}\.json")


class ReceiptFolder:
    """Where a client keeps the receipts of its calls; every method raises ConfigInvalid.

    It does so where the system refuses: no such place, no room, no permission.
    """

    def __init__(self, path: Path) -> None:
        """Keep them in `path`, which is made, for its owner only, when it is first needed."""
        self.path = path

    def file_of(self, receipt: Receipt) -> Path:
        """Return where the receipt is kept, whether it is there or not."""
        leaf = merkle.leaf_hash(receipt.leaf).hex()
        return self.path / f"{receipt.parsed_leaf.event.hex()}-{leaf[:16]}.json"

    def keep(self, receipt: Receipt) -> Path:
        """Keep a checked receipt; one that is there is replaced only by the same with its anchor.

        Raises:
            ConfigInvalid: it cannot be written.
            MalformedReceipt: what is there already is no receipt.
        """
        path = self.file_of(receipt)
        with self._guarded():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists():
                kept = self.load(path)
                if kept.anchored is not None or receipt.anchored is None:
                    return path
            self._write(path, canonical.dumps(receipt.render()))
        return path

    def load(self, path: Path) -> Receipt:
        """Read a kept receipt, not checked again.

        Raises:
            MalformedReceipt: the file holds none.
        """
        with self._guarded(), path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
        return Receipt.parse(canonical.loads(data, limit=LARGEST_BYTES, error=MalformedReceipt))

    def list_files(self) -> list[Path]:
        """Return the files of all receipts, the oldest call first."""
        with self._guarded():
            found = self.path.iterdir() if self.path.exists() else iter(())
            return sorted(path for path in found if _NAME.fullmatch(path.name))

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self.path / f".{secrets.token_hex(8)}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        if os.name == "posix":  # elsewhere a folder cannot be opened, nor its names be synced
            folder = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigInvalid(
                f"回执目录 {self.path}：{reason(error)} / receipts cannot be kept there",
                path=str(self.path),
            ) from error
