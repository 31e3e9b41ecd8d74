"""Who of a node's processes is begun when, begun again, and ended: the process that watches.

It holds the socket that the fronts listen on, so that no connection is refused while one of them
ends; it opens no database and starts no thread, so it can fork at any time. Begun in their order,
each once the one before it is ready: the log writer, the keeper, the fronts. What a signal ended is
begun again, after a pause that grows while it goes on dying. A writer or keeper that ends by itself
met something fatal: it has said what, and the node ends with its exit code.

SIGHUP reads the settings again and replaces the fronts one by one: each goes on until the next is
ready and its own callers have their answers. SIGTERM and SIGINT end the fronts, after the calls in
hand, and then the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import shutil
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from node.errors import ConfigInvalid, LedgerError
from node.log import listen_at
from node.storage.engines import private_folder

from ..app import settle_memory, url_of
from ..http.shares import Share, Shares
from ..loops import FATAL_EXIT
from ..operating import journal
from ..operating.notices import FOLDER, Notice, Sample, summed, take_notice, write_notice
from ..operating.reasons import listen, storing
from ..parts import Bells
from . import duties
from .duties import Mould
from .offspring import Offspring, fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..parts import Node
    from ..settings import Settings

WRITER, KEEPER = "writer", "keeper"
KEPT = ("data_dir", "host", "port", "workers", "storage")
"""What a node keeps of its settings until it ends."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 10.0
"""Before what died is begun again: the first time, and at most."""
SOUND_SECONDS = 30.0
"""What lived so long did not die of how it began."""
END_SECONDS = 15.0
"""How long what was told to end may take; then it is killed."""
LOCK_SECONDS = 30.0
"""How long the processes of a node that ran before may take to end."""


def supervise(
    settings: Settings,
    reload: Callable[[], Settings],
    *,
    fail: Callable[[LedgerError], NoReturn],
    announce: Callable[[str], None] = lambda _url: None,
) -> int:
    """Run a node of several processes until a signal; return its exit code.

    `reload` reads the settings again, `fail` ends a process by an error of ours, and `announce` is
    told the node's address once all answer.

    Raises:
        ConfigInvalid: it cannot listen, or another node has its data folder.
    """
    log = settings.logging
    journal.configure(log.format, log.level, log.lines_per_second, process="supervisor")
    folder = settings.data_dir
    private_folder(folder)
    with storing(folder), contextlib.ExitStack() as stack:
        # Inherited by every child, and free again once the last of them has ended: no process of a
        # node that was killed writes beside those of the next.
        lock = stack.enter_context((folder / "node.lock").open("a"))
        _wait_for(lock.fileno(), folder)
        listener = stack.enter_context(listen(settings.host, settings.port))
        path = folder / "log.sock"
        writing = stack.enter_context(listen_at(path))
        stack.callback(path.unlink, missing_ok=True)
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        private_folder(folder / FOLDER)
        bells = Bells()
        mould = Mould.of(settings, bells)
        return _Supervisor(mould, reload, fail, announce, listener, writing).run()


@dataclass
class _Death:
    """That something died, and when it is to be begun again."""

    pause_seconds: float
    due: float


@dataclass
class _Supervisor:
    """The processes of one node; `run` is its only door."""

    mould: Mould
    reload: Callable[[], Settings]
    fail: Callable[[LedgerError], NoReturn]
    announce: Callable[[str], None]
    listener: socket.socket
    writing: socket.socket
    children: dict[int, Offspring] = field(default_factory=dict)
    """By pid."""
    deaths: dict[str, _Death] = field(default_factory=dict)
    to_begin: deque[str] = field(default_factory=deque)
    """Not begun yet, each waits until the one before it is ready."""
    to_replace: deque[str] = field(default_factory=deque)
    """Fronts that are to be replaced, by name."""
    gone: tuple[Sample, ...] = ()
    """What processes had counted that have ended."""
    announced: bool = False
    shares: Shares = field(init=False)
    """How many connections each front has."""
    code: int | None = None
    """What the node is to end with; None while it runs."""
    began: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        """Make what all fronts share."""
        self.shares = Shares(self.settings.workers)

    @property
    def settings(self) -> Settings:
        return self.mould.node.settings

    @property
    def fronts(self) -> list[str]:
        return [f"front-{number}" for number in range(1, self.settings.workers + 1)]

    def run(self) -> int:
        """Begin all, watch until a signal or something fatal, end all; return the exit code."""
        self.to_begin += [WRITER, KEEPER, *self.fronts]
        settle_memory()  # before the forks: what is frozen stays shared
        with self._hearing() as (selector, heard):
            self._notice()
            while self.code is None:
                self._step()
                if self.code is None:
                    self._wait(selector, heard)
            journal.event("stop", code=self.code)
            fronts = [each for each in self.children.values() if each.name not in {WRITER, KEEPER}]
            self._end(fronts, selector, heard)
            self._end(list(self.children.values()), selector, heard)
        return self.code

    # What is to be done now

    def _step(self) -> None:
        """Begin what is due, and go on with what was waiting for somebody to be ready."""
        now = time.monotonic()
        for name, death in self.deaths.items():
            if death.due <= now:
                death.due = float("inf")
                self._begin(name)
        if not all(each.ready or each.leaving for each in self.children.values()):
            return
        if self.to_begin:
            self._begin(self.to_begin.popleft())
        elif not self.announced:
            self.announced = True
            url = url_of(self.settings, self.listener)
            journal.event("start", url=url, workers=self.settings.workers)
            self.announce(url)
        elif self.to_replace:
            self._begin(self.to_replace[0])

    def _begin(self, name: str) -> None:
        if name == WRITER:
            duty = duties.writer(self.mould, name, self.writing)
        elif name == KEEPER:
            duty = duties.keeper(self.mould, name)
        else:
            share = Share(self.shares, self.fronts.index(name))
            duty = duties.front(self.mould, name, self.listener, share)
        child = fork(
            name,
            duty,
            quit_parent=partial(self._quit, name),
            fail=self.fail,
        )
        self.children[child.pid] = child

    def _quit(self, name: str) -> None:
        """Close in a child what others listen on: a port is free once its own have ended."""
        if name != WRITER:
            self.writing.close()
        if name in {WRITER, KEEPER}:
            self.listener.close()

    # What has happened

    def _wait(self, selector: selectors.BaseSelector, heard: socket.socket) -> None:
        """Wait until something happens or is due, and take it down."""
        told = {each.told: each for each in self.children.values() if not each.ready}
        for descriptor in told:
            selector.register(descriptor, selectors.EVENT_READ)
        due = min((each.due for each in self.deaths.values()), default=float("inf"))
        left = None if due == float("inf") else max(0.0, due - time.monotonic())
        happened = selector.select(left)
        for descriptor in told:
            selector.unregister(descriptor)
        for key, _ in happened:
            if key.fileobj is not heard and key.fd in told:
                self._hear_of(told[key.fd])
        numbers = _take(heard)
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self.code = 0
        self._reap()
        if signal.SIGHUP in numbers and self.code is None:
            self._reload()

    def _hear_of(self, child: Offspring) -> None:
        """Take down that a child is ready; one whose pipe ended instead is about to be reaped."""
        if not os.read(child.told, 1):
            return
        child.ready = True
        if self.to_replace and self.to_replace[0] == child.name:
            self.to_replace.popleft()
            for old in self.children.values():
                if old.name == child.name and old is not child and not old.leaving:
                    old.end(signal.SIGHUP)

    def _reap(self) -> None:
        """Take down who has ended, and what follows from it."""
        while self.children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is None:
                continue
            os.close(child.told)
            said = take_notice(self.settings.data_dir / FOLDER, child.name, pid)
            if said is not None:
                self.gone = summed((self.gone, said.counted))
                self._notice()
            if not child.leaving and self.code is None:
                self._lost(child, os.waitstatus_to_exitcode(status))

    def _lost(self, child: Offspring, code: int) -> None:
        """Decide what follows when a child ended that nobody had told to."""
        how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        journal.event("ended", child=child.name, pid=child.pid, **how)
        if not self.announced or (code >= 0 and child.name in {WRITER, KEEPER}):
            # It has said why. Nothing that cannot begin is begun again and again.
            self.code = code if code > 0 else FATAL_EXIT
            return
        if any(each.name == child.name and not each.leaving for each in self.children.values()):
            # The one that was to replace it: the old one goes on.
            self.to_replace.clear()
            return
        if child.name in self.fronts:
            self.shares.forget(self.fronts.index(child.name))
        before = self.deaths.get(child.name)
        pause = FIRST_PAUSE_SECONDS
        if before is not None and time.monotonic() - child.since < SOUND_SECONDS:
            pause = min(2 * before.pause_seconds, LONGEST_PAUSE_SECONDS)
        self.deaths[child.name] = _Death(pause, time.monotonic() + pause)

    def _reload(self) -> None:
        """Read the settings anew and have the fronts replaced; wrong ones change nothing."""
        kept = {name: getattr(self.settings, name) for name in KEPT}
        try:
            new = self.reload().model_copy(update=kept)
            mould = Mould.of(new, self.mould.bells)
            _require_same_logs(self.mould.node, mould.node)
            self.mould = mould
        except LedgerError as error:
            journal.event("settings-refused", why=error.message)
            return
        settle_memory()
        journal.event("restart", workers=new.workers)
        self.to_replace = deque(self.fronts)

    # The end

    def _end(
        self, children: list[Offspring], selector: selectors.BaseSelector, heard: socket.socket
    ) -> None:
        """Tell children to end, wait until they have, and insist after a while."""
        for child in children:
            child.end()
        until = time.monotonic() + END_SECONDS
        while alive := [each for each in children if each.pid in self.children]:
            left = until - time.monotonic()
            if left <= 0:
                for child in alive:
                    child.end(signal.SIGKILL)
            selector.select(max(0.05, left))
            _take(heard)
            self._reap()

    @contextlib.contextmanager
    def _hearing(self) -> Iterator[tuple[selectors.BaseSelector, socket.socket]]:
        """Have signals wake the one wait there is, instead of interrupting anything."""
        heard, telling = socket.socketpair()
        heard.settimeout(0)
        telling.settimeout(0)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        before = {each: signal.signal(each, lambda _number, _frame: None) for each in numbers}
        waking = signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
        selector = selectors.DefaultSelector()
        selector.register(heard, selectors.EVENT_READ)
        try:
            yield selector, heard
        finally:
            signal.set_wakeup_fd(waking)
            for number, handler in before.items():
                signal.signal(number, handler)
            selector.close()
            heard.close()
            telling.close()

    def _notice(self) -> None:
        """Write this process's own notice: what the others had counted that have ended."""
        notice = Notice("supervisor", os.getpid(), self.began, counted=self.gone)
        write_notice(self.settings.data_dir / FOLDER, notice)


def _require_same_logs(present: Node, new: Node) -> None:
    """Refuse fronts that would write to other logs, or under other keys, than the writer has.

    Raises:
        ConfigInvalid: a department, its generation or one of its keys is another.
    """
    mine, theirs = (
        [(one.log, one.sm2.public_key.raw, one.ed25519.public) for one in node.identities]
        for node in (present, new)
    )
    if mine != theirs:
        raise ConfigInvalid(
            "所服务的部门、日志代次或其密钥有变：请停止节点再启动"
            " / departments, generations of logs or their keys have changed: stop and start it"
        )


def _take(heard: socket.socket) -> set[int]:
    """Return the signals that have come."""
    try:
        return set(heard.recv(1024))
    except BlockingIOError:
        return set()


def _wait_for(lock: int, folder: Path) -> None:
    """Take the data folder for this node; one that ran here before may still be ending.

    Raises:
        ConfigInvalid: another node goes on running.
    """
    tries = Retrying(
        stop=stop_after_delay(LOCK_SECONDS),
        wait=wait_fixed(0.1),
        retry=retry_if_exception_type(BlockingIOError),
        reraise=True,
    )
    try:
        tries(fcntl.flock, lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigInvalid(
            f"data_dir = {folder}：另一个节点正在使用，请先停掉它 / another node uses it",
            path=str(folder),
        ) from error
