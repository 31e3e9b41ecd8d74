"""Where full tiles lie besides the tables: a folder, or a bucket of any store that speaks S3.

Bytes by their path and nothing else; what they must be is for `fartiles` to know. fsspec is the one
way to either. It takes a fifth of a second to import and s3fs half of one, so a process does that
when it first needs a tile.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from node.errors import ConfigInvalid, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FILE, S3 = "file", "s3"
CONNECT_SECONDS, READ_SECONDS, SECONDS = 3.0, 10.0, 20.0
"""How long S3 may take to be reached, to go on answering, and for all that is asked at once."""
AT_ONCE: Final = 16
"""Tiles asked for or written at once; a bundle of entries has a mebibyte at most."""
_NO_BUCKET = "NoSuchBucket"


@dataclass(frozen=True, slots=True)
class Place:
    """A store, and who may write there."""

    url: str
    """`file:///folder` or `s3://bucket/prefix`."""
    endpoint: str | None = None
    """Where S3 is spoken; None: as the environment says, or AWS."""
    access_key: str | None = None
    """Without one: as the environment and its files say (botocore's own ways)."""
    secret: str | None = field(default=None, repr=False)


class TileStore:
    """Bytes by path in one store; for any number of threads."""

    def __init__(self, place: Place) -> None:
        """Connect to nothing yet.

        Raises:
            ConfigInvalid: neither a folder nor a bucket, or s3fs is not installed.
        """
        self.url = place.url
        scheme, _, root = place.url.partition("://")
        if scheme not in {FILE, S3}:
            raise ConfigInvalid(
                f"[tiles] url = {place.url}：只能是 file:// 或 s3:// / only these two"
            )
        if scheme == S3 and find_spec("s3fs") is None:
            raise ConfigInvalid(
                "[tiles] url：没有安装 s3fs，请执行 pip install 'shareledger[s3]' / is missing"
            )
        self._place, self._scheme, self._root = place, scheme, root.rstrip("/")

    def get(self, paths: Sequence[str], limit: int) -> list[bytes | None]:
        """Return what lies at each path, None where nothing does; `limit` + 1 bytes at most.

        Raises:
            LogUnavailable: the store does not answer as it should.
        """
        found: list[bytes | None] = []
        for start in range(0, len(paths), AT_ONCE):
            some = [self._full(path) for path in paths[start : start + AT_ONCE]]
            answers = self._ask(partial(self._read, some, limit))
            found += map(self._content, answers)
        return found

    def put(self, tiles: Mapping[str, bytes], *, private: bool) -> None:
        """Write tiles by path; when this returns each is there whole, and stays once it is settled.

        In a folder nobody else may read what is `private`; in a bucket that is for its policy.

        Raises:
            LogUnavailable: the store does not take them; some may be there.
        """
        paths = list(tiles)
        for start in range(0, len(paths), AT_ONCE):
            some = {self._full(path): tiles[path] for path in paths[start : start + AT_ONCE]}
            write = self._write_files if self._scheme == FILE else self._write_objects
            self._ask(partial(write, some, private=private))

    def settle(self, paths: Sequence[str]) -> None:
        """Have tiles that are there survive a power cut; in a bucket they do already.

        Whoever was killed after `put` may have left names that are only in the machine's memory.

        Raises:
            LogUnavailable: the store does not answer as it should.
        """
        if self._scheme == FILE:
            self._ask(partial(self._sync_folders, [Path(self._full(path)) for path in paths]))

    def _read(self, paths: list[str], limit: int, files: Any) -> list[bytes | Exception]:  # noqa: ANN401
        bounds = {"timeout": SECONDS} if self._scheme == S3 else {}
        found: list[bytes | Exception] = files.cat_ranges(
            paths, 0, limit + 1, on_error="return", **bounds
        )
        return found

    def _write_objects(self, some: Mapping[str, bytes], files: Any, **_: object) -> None:  # noqa: ANN401
        files.pipe(dict(some), timeout=SECONDS)

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    @cached_property
    def _files(self) -> Any:  # noqa: ANN401 - fsspec has no types
        import fsspec

        if self._scheme == FILE:
            return fsspec.filesystem(FILE, skip_instance_cache=True)
        files = fsspec.filesystem(
            S3,
            endpoint_url=self._place.endpoint,
            key=self._place.access_key,
            secret=self._place.secret,
            # What is listed is never asked for, and what was missing may be there a moment later.
            use_listings_cache=False,
            skip_instance_cache=True,
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"max_attempts": 0},
                # Not every store knows these sums; ours is the Merkle hash.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
        )
        files.retries = 1  # whoever asks asks again by itself
        return files

    def _ask(self, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as fsspec answers
        """Ask the store; whatever it, or the way to it, raises becomes an error of ours."""
        if self._scheme == FILE and not Path(self._root).is_dir():
            # A disk that is not mounted has no tiles, and must be given none.
            raise _away("the folder is not there")
        try:
            return ask(self._files)
        except Exception as error:
            if not self._is_fault(error):
                raise
            raise _away(_told(error)) from None

    def _content(self, answer: bytes | Exception) -> bytes | None:
        if isinstance(answer, bytes):
            return answer
        code = _code(answer)
        if isinstance(answer, FileNotFoundError) and code != _NO_BUCKET:
            return None
        if isinstance(answer, OSError) and answer.errno == errno.EINVAL:
            return b""  # S3 has no first byte of what is empty
        if not self._is_fault(answer):
            raise answer
        raise _away(_told(answer))

    def _is_fault(self, error: Exception) -> bool:
        if self._scheme == FILE:
            return isinstance(error, OSError)
        import aiohttp
        import botocore.exceptions as boto

        kinds = (OSError, aiohttp.ClientError, boto.BotoCoreError, boto.ClientError)
        # A host's name or an endpoint botocore cannot read is a ValueError.
        return isinstance(error, (*kinds, ValueError))

    def _write_files(self, some: Mapping[str, bytes], files: Any, *, private: bool) -> None:  # noqa: ANN401
        """Write files so that each is there whole or not at all; their names may still be lost.

        Not by fsspec's own transactions: those write to the machine's temporary folder and move,
        which copies where that is another disk, and sync nothing.
        """
        for path, data in some.items():
            full = Path(path)
            full.parent.mkdir(parents=True, exist_ok=True)
            unfinished = f"{full}.{os.getpid()}.new"
            with files.open(unfinished, "wb") as file:
                if private:
                    Path(unfinished).chmod(0o600)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(full)

    def _sync_folders(self, files: list[Path], _: object) -> None:
        # All above them: a folder that was made is a name in the one above it.
        above = {folder for file in files for folder in file.parents}
        for folder in (each for each in above if each.is_relative_to(self._root)):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def tile_path(level: int | str, number: int) -> str:
    """Return where a full tile lies below its log's prefix, as C2SP tlog-tiles spells it."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([f"tile/{level}", *(f"x{group}" for group in groups[:-1]), groups[-1]])


def _away(why: str) -> LogUnavailable:
    """Say so to whoever asks, strangers too: where the store is they need not know."""
    return LogUnavailable(f"the tile store does not answer: {why}")


def _code(error: BaseException) -> str:
    """Return the code S3 gave an error; empty where it was not asked, or gave none."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    found = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(found or "")


def _told(error: Exception) -> str:
    """Say what is wrong with a store, in words of ours: theirs may hold what was signed."""
    if isinstance(error, TimeoutError):
        return f"no answer in {SECONDS:.0f} s"
    number = error.errno if isinstance(error, OSError) else None
    kind = _code(error) or type(error).__name__
    return f"{kind} ({os.strerror(number)})" if number else kind
