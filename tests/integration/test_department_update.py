"""A department changes its URL and contact by the command line, as the manual says."""

from __future__ import annotations

import re

import pytest

from tests.common.keyfiles import quick_files
from tests.common.nodes import PASSWORD, until
from tests.common.papers import POLICE
from tests.common.shell import invoke

pytestmark = pytest.mark.chain
NEW = "http://127.0.0.1:8602"
CONTACT = ("--contact-name", "李明", "--contact-phone", "0317-0000001")


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("town")
    with moulds.founded(folder) as town:
        with quick_files():
            town.keys.heads[POLICE].save(folder / "police-head.key", PASSWORD)
        yield town


@pytest.fixture
def at(town, monkeypatch):
    folder = town.node.settings.data_dir.parent
    monkeypatch.setenv("SHARELEDGER_PASSWORD_FILE", str(folder / "password"))
    return ("--config", folder / "node.toml", "--key", folder / "police-head.key")


def row(town):
    """What `department list` shows of the department."""
    done = invoke(
        "department", "list", "--config", town.node.settings.data_dir.parent / "node.toml"
    )
    assert done.code == 0
    return next(line for line in done.output.splitlines() if POLICE in line)


def update(at, *arguments):
    return invoke("department", "update", POLICE, *arguments, *at)


class TestUpdate:
    def test_shows_first_and_changes_nothing(self, town, at):
        done = update(at, "--url", NEW, *CONTACT, "--dry-run")
        assert done.code == 0, done
        assert f'"url": "{NEW}"' in done.output
        assert "尚未签署" in done.output
        assert NEW not in row(town)

    def test_changes_url_and_contact_and_says_what_comes_next(self, town, at):
        done = update(at, "--url", NEW, *CONTACT)
        assert done.code == 0, done
        assert "public_url" in done.errors
        assert "node check" in done.errors
        until(lambda: NEW in row(town))
        assert "李明 0317-0000001" in row(town)
        config = town.node.settings.data_dir.parent / "node.toml"
        checked = invoke("node", "check", "--config", config).output
        line = next(each for each in checked.splitlines() if f"{POLICE} 的网址" in each)
        assert line.startswith("✗")
        assert NEW in line

    def test_keeps_what_is_not_named(self, town, at):
        until(lambda: NEW in row(town))
        name = re.split(r"\s{2,}", row(town))[1]
        assert update(at, "--contact-name", "王芳", "--contact-phone", "0317-0000002").code == 0
        until(lambda: "王芳" in row(town))
        assert NEW in row(town)
        assert name in row(town)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((), "没有写明要变更的内容"),
            (("--contact-name", "李明"), "联系人和电话应一并写明"),
            (("--url", "nowhere"), "url"),
        ],
    )
    def test_says_what_is_missing(self, at, arguments, said):
        done = update(at, *arguments)
        assert done.code == 1
        assert said in done.errors

    def test_of_what_the_competent_department_decides_is_refused_by_role(self, at):
        done = update(at, "--no-screening", "--may-enrol")
        assert done.code == 1
        assert "[decision-refused]" in done.errors
