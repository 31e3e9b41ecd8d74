"""The whole thread by command line only: keys, chain, two nodes, enrolment to an offline proof."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from api.city.processes import Child
from api.demo.claims import Ports
from node.client.calls import LedgerClient
from node.client.http import SignedHttp
from node.client.trust import NodeTrust
from node.crypto import SoftwareSigner, SoftwareUnwrapper
from node.errors import LedgerError
from tests.common.calls import fill_source
from tests.common.keyfiles import write_private
from tests.common.nodes import all_follow, until
from tests.common.papers import CENTRE, POLICE
from tests.common.shell import Done, Shell
from tests.common.t2 import ROW, SECOND_ITEM
from tests.common.zygote import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.chain

PASSWORD = b"a password of the test"
UNTIL = ("--until", "2099-12-31")
KEYS = {
    "root": "sign",
    "centre-head": "sign",
    "police-head": "sign",
    "police-office": "sign",
    "centre-node": "sign",
    "police-node": "sign",
    "system": "sign",
    "system-unwrap": "unwrap",
    "centre-log": "log",
    "police-log": "log",
    "centre-relay": "relay",
    "police-relay": "relay",
}
THIRD_ITEM = {
    **SECOND_ITEM,
    "信息项名称": "出生日期",
    "信息项代码": "CSRQ",
    "数据类型": "日期型D",
}
ENTRY = ROW["信息资源代码"]
CONTACT = ("--contact-name", "值班室", "--contact-phone", "0317-0000000")
PERSON = "130902200001010003"


@dataclass
class CommandCity:
    """Two nodes and a chain, everything in them decided by command line."""

    shell: Shell
    urls: dict[str, str]
    made: dict[str, Done]
    """What `key generate` printed, by key."""
    said: dict[str, Done]
    """What the decisions printed, by the test's names for them."""

    def key_id(self, name: str) -> str:
        return self.made[name].found("密钥编号")

    def at(self, node: str, signer: str | None = None) -> tuple[object, ...]:
        """Options that name a node's settings and whose key signs."""
        key = () if signer is None else ("--key", f"{signer}.key")
        return ("--config", f"{node}.toml", *key)

    def decide(self, name: str, node: str, signer: str, *arguments: object) -> Done:
        """Decide; a paper that is still on its way is waited for, as the exit code asks.

        So is what was decided at the other node: nobody types as fast as forks are.
        """
        nodes = [self.urls["centre"], self.urls["police"]]
        until(lambda: all_follow(self.urls["chain"], nodes))
        done: Done = until(
            lambda: self.shell.run_once_available(*arguments, *self.at(node, signer))
        )
        assert done.code == 0, f"{name}: {done}"
        self.said[name] = done
        return done

    @contextmanager
    def client(self) -> Iterator[LedgerClient]:
        folder = self.shell.folder
        signer = SoftwareSigner.load(folder / "system.key", PASSWORD)
        unwrapper = SoftwareUnwrapper.load(folder / "system-unwrap.key", PASSWORD)
        with SignedHttp(signer) as http:
            trust = NodeTrust(http, self.urls["centre"])
            with LedgerClient(self.urls["police"], signer, unwrapper, trust) as client:
                yield client


def settings(city: CommandCity, name: str, code: str, *more: str) -> None:
    """Write a node's settings as its operator would."""
    url = city.urls[name]
    peers = [] if name == "centre" else ["[peers]", f'{CENTRE} = "{city.urls["centre"]}"']
    lines = [
        f'chain_url = "{city.urls["chain"]}"',
        'deployment = "deployment.json"',
        f'data_dir = "{name}-data"',
        'host = "127.0.0.1"',
        f"port = {url.rpartition(':')[2]}",
        f'public_url = "{url}"',
        f'authorities = ["{url.removeprefix("http://")}"]',
        f'relay_key = "{name}-relay.key"',
        'password_file = "password"',
        *peers,
        "[anchoring]",
        "anchor_seconds = 0.5",
        "[[departments]]",
        f'code = "{code}"',
        'custody = "own"',
        f'department_key = "{name}-node.key"',
        f'log_key = "{name}-log.key"',
        *more,
    ]
    path = city.shell.folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def filled(text: str, **members: str) -> str:
    """Fill in the members of a blank form, in whichever of its tables they stand."""
    for member, value in members.items():
        text, count = re.subn(rf"(?m)^{member} = .*$", f"{member} = {value}", text, count=1)
        assert count == 1, member
    return text


def blank(city: CommandCity, form: str) -> str:
    city.shell.ok("paper", "template", form, "-o", f"blank-{form}.toml")
    return (city.shell.folder / f"blank-{form}.toml").read_text(encoding="utf-8")


def enrol(city: CommandCity, form: str, name: str, code: str, by: str) -> None:
    text = filled(
        form,
        code=f'"{code}"',
        parent=f'"{CENTRE}"',
        competent=f'"{CENTRE}"',
        mayEnrol="true" if code == CENTRE else "false",
        url=f'"{city.urls[name]}"',
    )
    (city.shell.folder / f"{name}-form.toml").write_text(text, encoding="utf-8")
    arguments = ("department", "enrol", f"{name}-form.toml", "--head-key", f"{name}-head.key")
    city.decide(f"enrol {name}", "centre", by, *arguments)


def add_key(city: CommandCity, name: str, code: str, kind: str, key: str, *more: str) -> None:
    arguments = ("department", "add-key", code, kind, "--name", key, "--new-key", f"{key}.key")
    city.decide(f"key {key}", name, f"{name}-head", *arguments, *UNTIL, *more)


def grant(city: CommandCity, name: str, code: str, key: str, *roles: str) -> None:
    city.decide(
        f"grant {key}",
        name,
        f"{name}-head",
        *("department", "grant", code, city.key_id(key), "--post", "处长"),
        *("--reason", "任命", *UNTIL, *(part for role in roles for part in ("--role", role))),
    )


def appoint_police(city: CommandCity) -> None:
    """Register the provider's own key, its office head and its log."""
    add_key(city, "police", POLICE, "department", "police-node", "--log-key", "police-log.key")
    add_key(city, "police", POLICE, "officer", "police-office", "--post", "主任")
    grant(city, "police", POLICE, "police-office", "office-head")
    city.decide("log", "police", "police-head", "log", "register", POLICE)


def appoint_centre(city: CommandCity) -> None:
    """Give the competent department's head its roles; register the application that will call."""
    grant(city, "centre", CENTRE, "centre-head", "department-head", "office-head", "reviewer")
    city.decide(
        "application",
        "centre",
        "centre-head",
        *("application", "register", CENTRE, "ZHSX", "--name", "智慧升学", *CONTACT),
        *("--description", "入学资格核验", "--protection-level", 3),
    )
    keys = ("--application", "ZHSX", "--unwrap-key", "system-unwrap.key")
    add_key(city, "centre", CENTRE, "application", "system", *keys)


def found(city: CommandCity) -> None:
    """Enrol both departments; then each at its own desk, at the same time."""
    form = blank(city, "department")
    enrol(city, form, "centre", CENTRE, "root")
    add_key(city, "centre", CENTRE, "department", "centre-node", "--log-key", "centre-log.key")
    city.decide("contracts", "centre", "centre-head", "chain", "list-contract")
    enrol(city, form, "police", POLICE, "centre-head")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(appoint_police, city), pool.submit(appoint_centre, city)]:
            done.result()


def publish(city: CommandCity) -> None:
    """File one entry from the template, review it."""
    city.shell.ok("catalogue", "template", "-o", "catalogue.xlsx")
    book = load_workbook(city.shell.folder / "catalogue.xlsx")
    sheet = book.worksheets[0]
    headings = [str(cell.value).partition("（")[0] for cell in sheet[2]]
    for row in ({**ROW, "资源提供方代码": POLICE}, SECOND_ITEM, THIRD_ITEM):
        sheet.append([row.get(heading, "") for heading in headings])
    book.save(city.shell.folder / "catalogue.xlsx")
    filing = ("catalogue", "import", "catalogue.xlsx", POLICE)
    city.decide("submit", "police", "police-head", *filing)

    def waits() -> bool:
        """Tell whether the centre's node, which follows for itself, has seen the block."""
        said = city.shell.ok("catalogue", "pending", CENTRE, *city.at("centre"))
        city.said["pending"] = said
        return ENTRY in said.output

    until(waits, 60)
    city.decide(
        "review",
        "centre",
        "centre-head",
        *("catalogue", "review", CENTRE, "--all", "--reviewer", "沈知行", "--opinion", "已审核"),
    )


def share(city: CommandCity) -> None:
    """Apply for three items; the provider grants two of them."""
    application = filled(
        blank(city, "application").replace("11130900MB0000004Y", POLICE).replace("RXHY", "ZHSX"),
        department=f'"{CENTRE}"',
        items='["XM", "GMSFHM", "CSRQ"]',
        validFrom="2020-01-01",
        validUntil="2099-12-31",
    )
    refusals = filled(blank(city, "refusals"), item='"CSRQ"')
    for name, text in (("application", application), ("refusals", refusals)):
        (city.shell.folder / f"{name}.toml").write_text(text, encoding="utf-8")
    city.decide("apply", "centre", "centre-head", "authorisation", "apply", "application.toml")
    reply = ("authorisation", "reply", 1, "partly", "--refusals", "refusals.toml")
    city.decide("reply", "police", "police-office", *reply, "--opinion", "同意两项", *CONTACT)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_private(folder / "password", PASSWORD + b"\n")
    shell = Shell(folder, {"SHARELEDGER_PASSWORD_FILE": "password", "SHARELEDGER_LANG": "zh"})
    with ThreadPoolExecutor(3) as pool:
        made = pool.map(
            lambda key: shell.ok("key", "generate", key[1], "-o", f"{key[0]}.key"), KEYS.items()
        )
        generated = dict(zip(KEYS, made, strict=True))
    claims = Ports()
    ports = {name: claims.choose(18545) for name in ("chain", "centre", "police")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    city = CommandCity(shell, urls, generated, {})
    with ExitStack() as stack:
        stack.callback(claims.close)
        stack.enter_context(servers())
        chain = Child(
            "chain",
            [
                *("chain", "run", "--data", str(folder / "chain"), "--port", str(ports["chain"])),
                *("--deployer", generated["centre-relay"].found("账户地址")),
            ],
            folder / "chain.log",
            urls["chain"],
        )
        stack.callback(chain.stop)
        chain.start()
        root = generated["root"].found("公钥")
        shell.ok(
            *("chain", "deploy", "--url", urls["chain"], "--root", root),
            *("--relay", "centre-relay.key", "-o", "deployment.json"),
        )
        fill_source(folder / "people.db", rows=50).close()
        settings(city, "centre", CENTRE)
        settings(
            city,
            "police",
            POLICE,
            "[[departments.sources]]",
            f'entry = "{ENTRY}"',
            f'url = "sqlite:///{folder / "people.db"}"',
            'table = "person"',
            'key = "id"',
            'columns = { XM = "name", GMSFHM = "id", CSRQ = "born" }',
        )
        nodes = [
            Child(
                name,
                ["node", "run", "--config", str(folder / f"{name}.toml")],
                folder / f"{name}.log",
                urls[name],
            )
            for name in ("centre", "police")
        ]
        for node in nodes:
            stack.callback(node.stop)
            node.spawn()
        for node in nodes:
            node.wait_ready()
        found(city)
        publish(city)
        share(city)
        yield city


def served(client: LedgerClient):
    """Make the call; None while a paper is on its way."""
    try:
        return client.query(
            1,
            purpose="ZHSX",
            items=["XM", "GMSFHM"],
            where={"GMSFHM": {"eq": PERSON}},
            operator="李老师",
            matter="2026-0001",
        )
    except LedgerError as error:
        if error.retryable:
            return None
        raise


@pytest.fixture(scope="module")
def answer(city):
    with city.client() as client:
        answer = until(lambda: served(client))
        client.wait_anchored(answer.receipt)
        return answer


class TestDecisions:
    def test_say_their_hash_block_gas_and_what_they_made(self, city):
        for name, made in (
            ("enrol police", "首任负责人密钥"),
            ("key system", "密钥编号"),
            ("log", "日志编号"),
        ):
            said = city.said[name].output
            assert re.search(r"^决定 [0-9a-f]{64}（[\u4e00-\u9fff：]+）$", said, re.MULTILINE), said
            assert re.search(r"^区块 \d+，gas \d{6,}，交易 [0-9a-f]{64}$", said, re.MULTILINE), said
            assert re.search(rf"^{made} [0-9a-f]{{64}}$", said, re.MULTILINE), said
        assert city.said["apply"].output.splitlines()[-1] == "授权 1：已申请"
        assert city.said["reply"].output.splitlines()[-1] == "授权 1：已同意"
        assert city.said["review"].output.splitlines()[-1] == "发布 1 个，退回 0 个"

    def test_are_seen_by_the_next_command(self, city):
        assert [done.errors for done in city.said.values()] == [""] * len(city.said)

    def test_are_not_taken_twice_unasked(self, city):
        again = city.shell.run(
            *("authorisation", "apply", "application.toml"), *city.at("centre", "centre-head")
        )
        assert again.code == 1
        assert again.errors.startswith("[already-exists] 已存在：同样的决定已在区块 ")
        assert "--again" in again.errors

    def test_of_a_key_without_the_role_are_refused_in_chinese(self, city):
        refused = city.shell.run(
            *("department", "grant", POLICE, city.key_id("police-office"), "--role", "reviewer"),
            *("--post", "主任", "--reason", "任命", *UNTIL),
            *city.at("police", "police-office"),
        )
        assert refused.code == 1
        assert refused.output == ""
        assert refused.errors.count("\n") == 1
        assert refused.errors.startswith("[decision-refused] 合约拒绝了该决定：密钥 ")
        assert (
            f"在 {POLICE} 没有所需的角色：需要部门负责人，现有：工作机构负责人（RoleMissing）"
            in refused.errors
        )


class TestViews:
    def test_show_departments_keys_and_roles(self, city):
        departments = city.shell.ok("department", "list", *city.at("centre")).output
        assert all(code in departments for code in (CENTRE, POLICE))
        keys = city.shell.ok("department", "keys", CENTRE, *city.at("centre")).output
        assert city.key_id("system") in keys
        assert "工作机构负责人、部门负责人、审核员" in keys

    def test_show_what_waits_and_what_is_granted(self, city):
        assert ENTRY in city.said["pending"].output
        shown = city.shell.ok("authorisation", "show", 1, *city.at("police")).output
        assert "XM 姓名、GMSFHM 身份号码" in shown
        assert "答复：部分同意" in shown
        assert "CSRQ" not in shown

    def test_find_the_published_entry_by_two_characters(self, city):
        assert "户籍信息" in city.shell.ok("catalogue", "search", "户籍", *city.at("centre")).output

    def test_find_it_by_the_other_script_and_by_filters(self, city):
        def found(*asked):
            return city.shell.ok("catalogue", "search", *asked, *city.at("centre")).output

        assert "户籍信息" in found("戶籍", "--share-type", "有条件共享", "--department", POLICE)
        assert found("户籍", "--share-type", "不予共享").startswith("没有找到")
        assert found("户籍", "--after", 20).startswith("没有找到")

    def test_are_told_what_a_filter_can_be(self, city):
        refused = city.shell.run("catalogue", "search", "--grade", "高", *city.at("centre"))
        assert refused.code == 1
        assert "一般1级、一般2级、一般3级、一般4级、重要、核心" in refused.errors


class TestTheCall:
    def test_is_served_with_a_receipt_that_holds(self, answer):
        assert answer.rows == [{"XM": "张**", "GMSFHM": PERSON}]
        assert answer.receipt.parsed_leaf.event == answer.event

    def test_is_traced_from_the_providers_node(self, city, answer):
        traced = city.shell.ok("trace", "call", answer.event.hex(), *city.at("police"))
        assert "✗" not in traced.output
        assert traced.output.count("✓") > 5

    def test_is_proven_offline(self, city, answer):
        bundle = ("-o", "evidence.json", "--trust", "trust.json")
        city.shell.ok("trace", "export", answer.event.hex(), *bundle, *city.at("police"))
        verified = city.shell.ok("verify", "evidence.json", "--trust", "trust.json").output
        assert verified.splitlines()[-1] == f"结论：已证明，事件 {answer.event.hex()}"

    @pytest.mark.usefixtures("answer")
    def test_is_refused_once_the_authorisation_is_suspended(self, city):
        step = ("authorisation", "step", 1, "suspend", "--reason", "发现超范围使用线索")
        said = city.shell.ok(*step, *city.at("police", "police-office"))
        assert said.output.splitlines()[-1] == "授权 1：已暂停"
        with city.client() as client, pytest.raises(LedgerError) as refused:
            until(lambda: served(client) and None)
        assert refused.value.code == "authorisation-suspended"
