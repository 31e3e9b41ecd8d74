"""An officer on his own machine: a key file and a node's address, nothing else of the node."""

from __future__ import annotations

import csv
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from api.cli.console import EXIT_UNPROVEN
from node.client.pinning import REGISTRY
from node.crypto import SoftwareSigner
from node.log import LogScanner
from node.protocol.wire.leaf import AUDIT, KINDS, parse_leaf
from tests.common import papers
from tests.common.keyfiles import quick_files, write_private
from tests.common.nodes import ENTRY_CODE, PASSWORD, until
from tests.common.shell import invoke
from tests.common.t2 import ROW

pytestmark = pytest.mark.chain

PHONE = ("--contact-name", "赵敏", "--contact-phone", "0317-0000003")


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture(scope="module")
def desk(town, tmp_path_factory):
    """A folder on another machine: key files and a password."""
    folder = tmp_path_factory.mktemp("desk")
    write_private(folder / "password", PASSWORD + b"\n")
    with quick_files():
        town.keys.heads[papers.POLICE].save(folder / "police-head.key", PASSWORD)
        town.keys.office[papers.POLICE].save(folder / "police-office.key", PASSWORD)
        town.keys.office[papers.EDUCATION].save(folder / "education-office.key", PASSWORD)
        town.keys.reviewer.save(folder / "reviewer.key", PASSWORD)
        town.keys.auditor.save(folder / "auditor.key", PASSWORD)
        SoftwareSigner.generate().save(folder / "new.key", PASSWORD)
        SoftwareSigner.generate().save(folder / "far.key", PASSWORD)
    return folder


@pytest.fixture
def officer(town, desk, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk / "config"))

    def run(key, *words, node=town.url):
        options = ("--node", node, "--key", desk / f"{key}.key")
        return invoke(*words, *options, "--password-file", desk / "password")

    return run


def ok(done):
    assert done.code == 0, done
    return done


class TestAnOfficerOnHisOwnMachine:
    def test_decides_with_a_key_file_alone(self, officer):
        words = ("application", "register", papers.EDUCATION, "XXGL", "--name", "学籍管理")
        more = ("--description", "学籍核验", "--protection-level", 3, *PHONE)
        shown = ok(officer("education-office", *words, *more, "--dry-run"))
        assert '"name": "学籍管理"' in shown.output
        assert shown.output.endswith("以上内容尚未签署，也未报送\n")
        done = ok(officer("education-office", *words, *more))
        assert "（登记应用系统）" in done.output
        assert f"应用编号 {done.found('应用编号')}" in done.output
        again = officer("education-office", *words, *more)
        assert again.code == 1
        assert "请注意：同样的决定已经办理过" in again.errors
        assert again.errors.splitlines()[-1].startswith("[already-exists]")

    def test_is_told_once_which_system_his_node_belongs_to(self, officer, town, desk):
        first = ok(_suspend(officer, town, "暂停"))
        assert "首次经此节点向 ShareAuthorisations 作决定" in first.errors
        assert "首次" not in ok(_suspend(officer, town, "恢复")).errors
        (file,) = (desk / "config" / "shareledger").iterdir()
        known = json.loads(file.read_bytes())
        assert known["chainId"] == str(town.node.deployment.chain_id)
        assert known["contracts"][REGISTRY] == town.node.deployment.registry.hex()

    def test_sees_what_the_node_filled_in(self, officer, town):
        words = ("authorisation", "propose-change", town.first, "--reason", "招生人数增加", *PHONE)
        done = ok(officer("education-office", *words, "--calls-per-day", 2_000_000))
        assert "由节点补充 rowsPerDay：1000000" in done.output
        assert f"授权 {town.first}" in done.output
        accept = ("authorisation", "accept-change", town.first, "--reason", "同意", *PHONE)
        assert "第 2 次修订" in ok(officer("police-office", *accept)).output

    def test_registers_a_key_that_is_here_and_one_that_is_elsewhere(self, officer, desk):
        words = ("department", "add-key", papers.POLICE, "officer", "--until", "2099-12-31")
        more = ("--name", "周强", "--post", "科员")
        done = ok(officer("police-head", *words, *more, "--new-key", desk / "new.key"))
        grant = (
            "department",
            "grant",
            papers.POLICE,
            done.found("密钥编号"),
            "--until",
            "2099-12-31",
        )
        ok(
            officer(
                "police-head",
                *grant,
                "--post",
                "科员",
                "--reason",
                "任命",
                "--role",
                "data-officer",
            )
        )
        request = ("--request", desk / "request.json")
        ok(officer("police-head", *words, *more, "--new-key", desk / "far.key", *request))
        proof = (
            "key",
            "possession",
            desk / "request.json",
            "--key",
            desk / "far.key",
            "-o",
            desk / "proof",
        )
        ok(invoke(*proof, "--password-file", desk / "password"))
        submit = ("department", "submit", desk / "request.json", "--possession", desk / "proof")
        assert "密钥编号" in ok(officer("police-head", *submit)).output

    def test_files_a_table_and_files_it_again_and_has_it_reviewed(self, officer, desk):
        table = desk / "t2.csv"
        entry = {"信息资源代码": "30300101/06009", "信息资源名称": "居住证信息"}
        row = {**ROW, "资源提供方代码": papers.POLICE, **entry}
        with table.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([row, row.values()])
        words = ("catalogue", "import", table, papers.POLICE)
        shown = ok(officer("police-head", *words, "--dry-run"))
        assert "[1] 报送 30300101/06009 v1 居住证信息" in shown.output
        assert "报送 1 个目录" in ok(officer("police-head", *words)).output
        again = ok(officer("police-head", *words))
        assert "0 个目录可报送，1 个没有变化" in again.output
        waiting = officer("reviewer", "catalogue", "pending", papers.CENTRE)
        assert "居住证信息" in ok(waiting).output
        review = ("catalogue", "review", papers.CENTRE, "--reviewer", "孙丽", "--opinion", "符合")
        assert "发布 1 个，退回 0 个" in ok(officer("reviewer", *review, "--all")).output
        asked = ("catalogue", "withdraw", papers.POLICE, "30300101/06009=职能已划转")
        digest = ok(officer("police-head", *asked)).output.split("申请书 ")[1].split()[0]
        # The node has its paper a moment after the decision.
        until(lambda: digest in ok(officer("reviewer", "catalogue", "withdrawals")).output)
        agree = ("catalogue", "review-withdrawal", digest, "--competent", papers.CENTRE)
        more = ("--reviewer", "孙丽", "--opinion", "属实")
        assert "撤回 1 个" in ok(officer("reviewer", *agree, *more)).output

    def test_files_batches_two_at_a_time_and_tells_of_them_in_order(
        self, officer, town, desk, monkeypatch
    ):
        table = desk / "batches.csv"
        codes = [f"30300101/{number:05}" for number in range(700, 704)]
        row = {**ROW, "资源提供方代码": papers.POLICE}
        rows = [{**row, "信息资源代码": code}.values() for code in codes]
        with table.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([row, *rows])
        together = threading.Barrier(2, timeout=30)
        submit = town.node.submitter.submit

        def met(given):
            together.wait()  # broken, and the command with it, if each came after the other
            return submit(given)

        monkeypatch.setattr(town.node.submitter, "submit", met)
        words = ("catalogue", "import", table, papers.POLICE, "--batch", 1)
        said = ok(officer("police-head", *words)).output
        assert said.count("报送 1 个目录\n") == len(codes)
        assert "0 个目录可报送，4 个没有变化" in ok(officer("police-head", *words)).output

    def test_reads_what_stands_as_at_the_node_itself(self, officer, town, desk):
        """The same lines by `--node` and by `--config`, whatever is looked at."""
        key = ("--key", desk / "police-office.key", "--password-file", desk / "password")
        here = ("--config", town.node.settings.deployment.parent / "node.toml", *key)
        for words in (
            ("authorisation", "list", "--provider", papers.POLICE),
            ("authorisation", "show", town.first),
            ("department", "list"),
            ("department", "keys", papers.POLICE),
            ("application", "list", papers.EDUCATION),
            ("catalogue", "show", papers.POLICE, ENTRY_CODE),
            ("catalogue", "search", "人口", "--share-type", "有条件共享"),
            ("inbox",),
            ("log", "list"),
            ("chain", "contracts"),
        ):
            there = ok(officer("police-office", *words)).output
            assert there == ok(invoke(*words, *here)).output
            assert there.count("\n") >= 1

    def test_reads_what_is_public_without_a_key(self, town):
        for words in (("search", "人口"), ("show", papers.POLICE, ENTRY_CODE)):
            assert ok(invoke("catalogue", *words, "--node", town.url)).output.count("\n") > 1
        done = invoke("department", "keys", papers.POLICE, "--node", town.url)
        assert (done.code, "须给出密钥 --key" in done.errors) == (1, True), done

    def test_reads_no_names_that_are_not_his_to_read(self, officer, town):
        mine = ok(officer("police-office", "department", "keys", papers.POLICE)).output
        other = ok(officer("police-office", "department", "keys", papers.EDUCATION)).output
        holder = town.keys.office[papers.EDUCATION].public_key.key_id.hex()
        (line,) = [each for each in other.splitlines() if holder in each]
        assert "—" in line
        assert not any("—" in each for each in mine.splitlines() if "工作机构负责人" in each)

    def test_finds_what_waits_for_him(self, officer, town):
        ok(_suspend(officer, town, "暂停"))
        words = ("authorisation", "step", town.first, "rectify", "--reason", "已整改")
        ok(officer("education-office", *words, "--measures", "已加固"))
        waiting = ok(officer("police-office", "inbox")).output
        assert "恢复" in waiting
        assert ENTRY_CODE in waiting
        ok(_suspend(officer, town, "恢复"))
        assert "恢复" not in ok(officer("police-office", "inbox")).output

    def test_is_refused_as_at_the_node_itself(self, officer, town):
        words = ("authorisation", "step", town.first, "suspend", "--reason", "越权")
        done = officer("reviewer", *words)
        assert done.code == 1
        assert done.errors.startswith(("[not-entitled]", "[decision-refused]")), done
        assert papers.POLICE in done.errors

    def test_is_told_what_is_missing(self, officer, desk):
        nowhere = officer("police-head", "department", "suspend", papers.EDUCATION, "--reason", "x",
                          node="http://127.0.0.1:1")  # fmt: skip
        assert (nowhere.code, nowhere.errors[:18]) == (2, "[peer-unavailable]")
        wrong = officer("police-head", "department", "suspend", papers.EDUCATION, "--reason", "x",
                        node="127.0.0.1:8101/x")  # fmt: skip
        assert (wrong.code, wrong.errors[:16]) == (1, "[config-invalid]")
        key = ("--key", desk / "police-head.key", "--password-file", desk / "password")
        neither = invoke("department", "suspend", papers.EDUCATION, "--reason", "x", *key)
        assert neither.code == 1
        assert "--config（本机节点）或 --node（节点网址）" in neither.errors


class TestAnAuditorOnHisOwnMachine:
    def test_traces_at_a_node_and_each_look_is_an_entry_of_its_log(self, officer, town):
        before = _looks(town)
        asked: list[tuple[object, ...]] = [
            ("authorisation", town.first),
            ("block", town.node.queries.cursor().block.number),
            ("version", papers.POLICE, ENTRY_CODE, 1),
        ]
        for words in asked:
            done = ok(officer("auditor", "trace", *words))
            assert "✓" in done.output
        looks = _looks(town)[len(before) :]
        assert [each.question.split()[:2] for each in looks] == [
            ["trace", "authorisation"],
            ["trace", "block"],
            ["trace", "version"],
        ]
        keyid = town.keys.auditor.public_key.key_id.hex().encode()
        assert all(keyid in each.base and each.answer is not None for each in looks)
        assert looks[0].authorisation == town.first

    def test_finds_no_call_that_is_not_there(self, officer):
        done = officer("auditor", "trace", "call", "ab" * 32)
        assert (done.code, "[event-unknown]" in done.errors) == (1, True)

    def test_is_an_auditor_or_is_told_that_he_is_none(self, officer, town):
        before = _looks(town)
        done = officer("police-office", "trace", "authorisation", town.first)
        assert (done.code, "[not-entitled]" in done.errors) == (1, True)
        without = invoke("trace", "block", 1, "--node", town.url)
        assert "--key" in without.errors
        assert _looks(town) == before


def _looks(town):
    """Return the auditors' looks in the node's logs, the oldest first."""
    found = []
    for one in town.node.identities:
        if not LogScanner(town.node.reader).has(one.log):
            continue
        size = town.node.reader.head(one.log).size
        leaves = (parse_leaf(town.node.reader.entry(one.log, at), KINDS) for at in range(size))
        found += [each for each in leaves if each.kind == AUDIT]
    return sorted(found, key=lambda each: each.at)


def _suspend(officer, town, name):
    step = {"暂停": "suspend", "恢复": "resume"}[name]
    return officer("police-office", "authorisation", "step", town.first, step, "--reason", "核查")


class Liar(BaseHTTPRequestHandler):
    """Passes everything on, and changes what the node prepared."""

    node = ""
    submitted = 0
    lie = staticmethod(lambda prepared: prepared)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = httpx.post(self.node + self.path, content=body, headers=dict(self.headers))
        content = answer.content
        if self.path.endswith("/prepare") and answer.is_success:
            content = json.dumps(Liar.lie(answer.json())).encode()
        elif self.path.endswith("/submit"):
            Liar.submitted += 1
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["content-type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def lying(town):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    Liar.node, Liar.submitted = town.url, 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _other_reason(prepared):
    document = prepared["documents"][0].replace("例行核查", "另有他意")
    return {**prepared, "documents": [document]}


def _other_step(prepared):
    return {**prepared, "message": {**prepared["message"], "step": "17"}}


def _other_domain(prepared):
    return {**prepared, "domain": {**prepared["domain"], "contract": "ee" * 20}}


def _other_hash(prepared):
    return {**prepared, "hash": "00" * 32}


@pytest.mark.parametrize("lie", [_other_reason, _other_step, _other_domain, _other_hash])
def test_what_a_lying_node_prepares_is_never_signed(officer, town, monkeypatch, lie):
    """The proxy signs nothing anew: the officer's requests name its address, and it has to lie."""
    monkeypatch.setattr(Liar, "lie", staticmethod(lie))
    with lying(town) as url:
        authority = url.removeprefix("http://")
        town.node.settings.authorities.append(authority)
        words = ("authorisation", "step", town.first, "suspend", "--reason", "例行核查")
        done = officer("police-office", *words, node=url)
        assert done.code in {1, EXIT_UNPROVEN}, done
        assert Liar.submitted == 0
        assert ENTRY_CODE not in done.output
