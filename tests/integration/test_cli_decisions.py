"""Decisions by command line at a desk of its own: cut short, repeated, refused, badly asked for."""

from __future__ import annotations

import json

import pytest

from api.parts import Node
from api.settings import load_settings
from node.chain.outbox import Outbox
from node.crypto import Ed25519Signer, SoftwareSigner
from node.office import submitting
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.founding import TownKeys
from tests.common.keyfiles import write_private
from tests.common.nodes import PASSWORD, write_settings
from tests.common.shell import invoke

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def folder(tmp_path_factory, embedded_chain):
    """A node's folder; nobody runs the node, so nothing is sent but by the commands themselves."""
    folder = tmp_path_factory.mktemp("desk")
    keys = TownKeys()
    with deployed_on(embedded_chain) as chain:
        write_settings(folder, chain, keys, 1)
        chain.root.save(folder / "root.key", PASSWORD)
        keys.heads[papers.CENTRE].save(folder / "head.key", PASSWORD)
        Ed25519Signer.generate().save(folder / "ed25519.key", PASSWORD)
        (folder / "form.toml").write_text(FORM, encoding="utf-8")
        (folder / "garbage").write_bytes(bytes(range(256)) * 64)
        (folder / "garbage.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 64)
        (folder / "line.csv").write_bytes(b"x" * 10_000_000)
        yield folder


FORM = f"""
code = "{papers.CENTRE}"
name = "市数据局"
parent = "{papers.CENTRE}"
competent = "{papers.CENTRE}"
kind = "政府部门"
level = "市"
region = "沧州市"
screening = false
mayEnrol = true
duties = ["数据管理"]
url = "http://127.0.0.1:1"
custody = "own"
contact = {{ name = "值班室", phone = "0317-0000000" }}
head = {{ name = "林致远", post = "局长" }}
"""


@pytest.fixture
def command(folder, monkeypatch):
    """Run a command of this desk; the read model is followed between commands."""
    monkeypatch.setattr(submitting, "FOLLOW_SECONDS", 0.0)

    def run(*arguments, key="root.key", follow=True):
        if follow:
            catch_up(folder)
        options = ("--config", folder / "node.toml", "--password-file", folder / "password")
        return invoke(*arguments, *options, "--key", folder / key)

    return run


@pytest.fixture
def see(folder):
    """Run a command that signs nothing."""

    def run(*arguments):
        catch_up(folder)
        done = invoke(*arguments, "--config", folder / "node.toml")
        assert done.code == 0, done
        return done.output

    return run


def catch_up(folder):
    node = Node(load_settings(folder / "node.toml"))
    try:
        while node.follower.run_once():
            pass
    finally:
        node.stop()


def enrolment(folder):
    return ("department", "enrol", folder / "form.toml", "--head-key", folder / "head.key")


class TestADecisionThatWasCutShort:
    """In this order: shown, cut short, finished, asked for again."""

    def test_is_shown_without_being_signed(self, folder, command, see):
        shown = command(*enrolment(folder), "--dry-run")
        assert shown.code == 0
        paper = json.loads(shown.output[: shown.output.index("\n}\n") + 2])
        assert (paper["code"], paper["type"]) == (papers.CENTRE, "department")
        assert shown.output.endswith("以上内容尚未签署，也未报送\n")
        assert see("department", "list").splitlines()[1:] == []

    def test_is_finished_by_the_same_command_instead_of_taken_twice(
        self, folder, command, monkeypatch
    ):
        def die(_outbox, _row, _timeout_seconds=0):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Outbox, "wait", die)
            cut = command(*enrolment(folder))
        assert (cut.code, cut.output) == (130, "")
        finished = command(*enrolment(folder))
        assert finished.code == 0
        assert finished.output.startswith("上一次命令未及收尾就中断了")
        assert "首任负责人密钥" in finished.output
        assert "节点在运行吗" in finished.errors

    def test_is_not_taken_again_unasked(self, folder, command):
        again = command(*enrolment(folder))
        assert again.code == 1
        assert again.errors.startswith("[already-exists] 已存在：同样的决定已在区块 ")

    def test_is_refused_by_the_contract_when_it_is_forced(self, folder, command):
        forced = command(*enrolment(folder), "--again", key="head.key")
        assert forced.code == 1
        assert forced.errors == (
            f"[decision-refused] 合约拒绝了该决定：部门 {papers.CENTRE} 已登记"
            "（DepartmentAlreadyEnrolled）\n"
        )

    def test_lets_the_contracts_come_into_force_once(self, command, see):
        listed = command("chain", "list-contract", key="head.key")
        assert listed.output.count("区块 ") == 3
        assert see("chain", "contracts").count("\n") == 4
        again = command("chain", "list-contract", key="head.key")
        assert again.output == "全部合约都已列为有效\n"


CODE = papers.CENTRE
GRANT = (
    *("department", "grant", CODE, "ab" * 32, "--post", "处长"),
    *("--reason", "任命", "--until", "2099-12-31"),
)
REVIEW = ("catalogue", "review", CODE, "--reviewer", "沈知行", "--opinion", "已审核")
REPLY = ("--opinion", "同意", "--contact-name", "张伟", "--contact-phone", "0317")
RUDE = {
    "a form that is not there": (("department", "enrol", "none.toml"), "malformed-document"),
    "a form of garbage": (("department", "enrol", "{}/garbage"), "malformed-document"),
    "a form of one long line": (("department", "enrol", "{}/line.csv"), "malformed-document"),
    "a table that is not there": (("catalogue", "import", "none.xlsx", CODE), "malformed-table"),
    "a workbook of garbage": (("catalogue", "import", "{}/garbage.xlsx", CODE), "malformed-table"),
    "a table of one long line": (("catalogue", "import", "{}/line.csv", CODE), "malformed-table"),
    "a department that is none": (("catalogue", "import", "x.csv", "甲"), "malformed-request"),
    "a mapping of garbage": (
        ("catalogue", "import", "{}/line.csv", CODE, "--mapping", "{}/garbage"),
        "config-invalid",
    ),
    "a batch of nothing": (
        ("catalogue", "import", "{}/line.csv", CODE, "--batch", "-1"),
        "malformed-request",
    ),
    "no role and no taking back": (GRANT, "malformed-request"),
    "a day that is none": (
        (*GRANT[:-1], "2099-02-30", "--role", "reviewer"),
        "malformed-document",
    ),
    "a key nobody registered": ((*GRANT, "--role", "reviewer"), "decision-refused"),
    "a key id that is none": (
        ("department", "revoke-key", CODE, "zz", "--reason", "遗失"),
        "malformed-key",
    ),
    "an unknown role": ((*GRANT, "--role", "king"), "malformed-request"),
    "keys of nobody": (("department", "keys", POLICE := papers.POLICE), "not-found"),
    "nothing to review": ((*REVIEW, "--all"), "malformed-request"),
    "a review of what does not wait": ((*REVIEW, "--publish", "9/9"), "not-found"),
    "a review by two lists": ((*REVIEW, "--all", "--list", "x.csv"), "malformed-request"),
    "a review by garbage": ((*REVIEW, "--list", "{}/garbage.xlsx"), "malformed-table"),
    "a standing reply without a quota": (
        ("catalogue", "standing-reply", CODE, "1/1"),
        "malformed-request",
    ),
    "a standing reply for nothing": (
        ("catalogue", "standing-reply", POLICE, "1/1", "--withdraw"),
        "decision-refused",
    ),
    "an application of garbage": (("authorisation", "apply", "{}/garbage"), "malformed-document"),
    "an application for nothing": (
        ("authorisation", "apply", "{}/form.toml"),
        "malformed-document",
    ),
    "a reply to nothing": (("authorisation", "reply", 7, "agree", *REPLY), "authorisation-unknown"),
    "a reply to a negative number": (
        ("authorisation", "reply", "-7", "agree", *REPLY),
        "malformed-request",
    ),
    "a step of nothing": (
        ("authorisation", "step", 7, "suspend", "--reason", "线索"),
        "authorisation-unknown",
    ),
    "a change of nothing": (
        ("authorisation", "propose-change", 7, "--reason", "招生", *REPLY[2:]),
        "authorisation-unknown",
    ),
    "an agreement to no change": (
        ("authorisation", "accept-change", 7, "--reason", "同意", *REPLY[2:]),
        "authorisation-unknown",
    ),
    "a withdrawal without a reason": (("catalogue", "withdraw", CODE, "1/1"), "malformed-request"),
    "a withdrawal of nothing": (("catalogue", "withdraw", CODE, "1/1=划转"), "not-found"),
    "a review of a withdrawal that is not here": (
        ("catalogue", "review-withdrawal", "ab" * 32, "--competent", CODE, *REVIEW[3:]),
        "ledger-behind",
    ),
    "a freezing of nothing": (
        ("catalogue", "freeze", CODE, "1/1", "--competent", CODE, "--reason", "不符"),
        "decision-refused",
    ),
    "an update of nothing": (("department", "update", CODE), "malformed-request"),
    "an update with half a contact": (
        ("department", "update", CODE, "--contact-name", "值班室"),
        "malformed-request",
    ),
    "a suspension of the first department": (
        ("department", "suspend", CODE, "--reason", "失守"),
        "decision-refused",
    ),
    "a closing of nobody": (
        ("department", "close", POLICE, "--reason", "撤并"),
        "decision-refused",
    ),
    "a recovery by a key that is registered": (
        (
            *("department", "recover", CODE, "--new-key", "head.key"),
            *("--name", "林", "--post", "局长", "--reason", "遗失"),
        ),
        "decision-refused",
    ),
    "a new log of a department without one": (
        ("log", "supersede", CODE, "--reason", "损毁"),
        "decision-refused",
    ),
    "an officer without a post": (
        (
            *("department", "add-key", CODE, "officer", "--new-key", "root.key"),
            *("--name", "甲", "--until", "2099-12-31"),
        ),
        "malformed-request",
    ),
    "a ruling nobody can make": (
        ("authorisation", "step", 7, "rule-dispute", "--outcome", "dance", "--reason", "线索"),
        "malformed-request",
    ),
    "a step nobody knows": (
        ("authorisation", "step", 7, "dance", "--reason", "线索"),
        "malformed-request",
    ),
    "an account that is none": (("log", "register", CODE, "--relay", "0x12"), "malformed-key"),
    "a log of a department unknown": (("log", "register", POLICE), "decision-refused"),
    "a contract that is none": (("chain", "list-contract", "Nothing"), "not-found"),
    "a state that is none": (("authorisation", "list", "--state", "快乐"), "malformed-request"),
}
WITHOUT_KEY = {("department", "keys"), ("authorisation", "list")}


@pytest.mark.parametrize(("arguments", "code"), RUDE.values(), ids=RUDE.keys())
def test_what_is_badly_asked_for_is_refused_on_one_line(folder, monkeypatch, arguments, code):
    monkeypatch.chdir(folder)
    catch_up(folder)
    filled = [str(each).replace("{}", str(folder)) for each in arguments]
    options = ["--config", folder / "node.toml"]
    if arguments[:2] not in WITHOUT_KEY:
        options += ["--password-file", folder / "password", "--key", folder / "head.key"]
    if arguments[:2] == ("department", "enrol"):
        options += ["--head-key", folder / "head.key"]
    done = invoke(*filled, *options)
    assert done.code == (2 if code == "ledger-behind" else 1), done
    assert done.errors.startswith(f"[{code}] "), done
    assert done.errors.count("\n") == 1


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("none.key", "[malformed-key]"),
        ("garbage", "[malformed-key]"),
        ("ed25519.key", "[malformed-key]"),
        ("relay.key", "[malformed-key]"),
    ],
)
def test_a_key_file_that_does_not_fit_is_refused_before_anything_is_sent(
    folder, command, key, said
):
    del folder
    refused = command("log", "register", papers.CENTRE, key=key)
    assert (refused.code, refused.output) == (1, "")
    assert refused.errors.startswith(f"{said} 密钥无效：")


@pytest.mark.parametrize("note", ["none", "garbage"])
def test_a_fork_is_shown_by_two_checkpoints_only(folder, note):
    done = invoke("log", "freeze", folder / note, folder / note, "--config", folder / "node.toml")
    assert done.code == 1
    assert done.errors.startswith("[malformed-checkpoint] ")


def test_a_password_that_does_not_fit_is_never_repeated(folder):
    write_private(folder / "other-password", b"tiger\n")
    refused = invoke(
        *("log", "register", papers.CENTRE, "--config", folder / "node.toml"),
        *("--key", folder / "head.key", "--password-file", folder / "other-password"),
    )
    assert refused.code == 1
    assert "tiger" not in refused.errors


def test_a_chain_that_does_not_answer_is_worth_another_try(folder, tmp_path):
    text = (folder / "node.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("chain_url")]
    (folder / "deaf.toml").write_text(
        "\n".join(['chain_url = "http://127.0.0.1:1"', *lines]), encoding="utf-8"
    )
    SoftwareSigner.generate().save(tmp_path / "other.key", PASSWORD)
    done = invoke(
        *("log", "register", papers.CENTRE, "--config", folder / "deaf.toml"),
        *("--key", folder / "head.key", "--password-file", folder / "password"),
    )
    assert done.code == 2
    assert done.errors.startswith("[chain-unavailable] 链暂不可用")
