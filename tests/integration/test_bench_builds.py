"""Another revision is built beside this one, and nothing of it stays, however it ends."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.against.builds import PREFIX, CommandFailed, other
from tests.common.nodes import until


def git(folder, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our arguments
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of three revisions: one interrupts us, one sets itself up, one cannot."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "nobody")
    git(folder, "config", "user.email", "nobody@example.org")
    interrupting = (
        f"\t@echo $$$$ > {tmp_path}/sleeper; "
        "kill -USR1 $$(awk '/PPid/{print $$2}' /proc/$$PPID/status); exec sleep 60\n"
    )
    for setup in (interrupting, "\techo $(MAKEOVERRIDES) > done\n", "\tfalse\n"):
        (folder / "Makefile").write_text(f"setup:\n{setup}")
        git(folder, "add", "Makefile")
        git(folder, "commit", "--quiet", "--message=a revision")
    return folder


def nothing_stays(folder) -> bool:
    parent = folder.parent / "temporary"
    return (
        not list(parent.glob(f"{PREFIX}*"))
        and len(git(folder, "worktree", "list").split("\n")) == 1
    )


def test_a_revision_is_set_up_by_its_own_makefile_in_an_environment_of_its_own(
    repository, monkeypatch
):
    monkeypatch.setenv("MAKEFLAGS", "ROUNDS=1")
    commit = git(repository, "rev-parse", "main~1")
    with ExitStack() as stack:
        build = other("main~1", repository, stack)
        assert build.revision == commit[:12]
        assert (build.folder / "done").read_text() == "\n"
        assert git(build.folder, "rev-parse", "HEAD") == commit
        assert not nothing_stays(repository)
    assert nothing_stays(repository)


def test_one_whose_setup_fails_leaves_nothing(repository):
    with pytest.raises(CommandFailed, match="make setup: exit code 2"), ExitStack() as stack:
        other("main", repository, stack)
    assert nothing_stays(repository)


def test_an_interrupted_setup_is_ended_and_leaves_nothing(repository):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), ExitStack() as stack:
            other("main~2", repository, stack)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert nothing_stays(repository)
    sleeper = int((repository.parent / "sleeper").read_text())
    until(lambda: not Path(f"/proc/{sleeper}").exists())  # whoever inherits it takes it away


def test_an_unknown_revision_is_said(repository):
    with pytest.raises(CommandFailed, match="no such revision"), ExitStack() as stack:
        other("nonsense", repository, stack)
    assert nothing_stays(repository)


def test_a_folder_is_taken_as_it_is_and_left(repository):
    with ExitStack() as stack:
        build = other(str(repository), repository, stack)
        assert build.folder == repository
        assert build.revision == git(repository, "rev-parse", "HEAD")[:12]
        (repository / "Makefile").write_text("changed")
        assert other(str(repository), repository, stack).revision == f"{build.revision}+"
    assert (repository / "Makefile").exists()
