"""Entries of several providers applied for with one signature; changes and disputes by form."""

from __future__ import annotations

from typing import Any

import pytest

from node.crypto import SoftwareSigner
from node.office.drafts import Person
from node.office.mandates import held_roles
from node.protocol.ledger.enums import AuthorisationState
from node.protocol.wire import ids
from tests.common import founding, papers
from tests.common.furnished import CHANGED, ENTRIES, OPENLY
from tests.common.nodes import ENTRY, until
from tests.common.officials import decide
from tests.integration.test_desk_pages import at, keyfile, looked_at, sessions, sign

__all__ = ["at", "keyfile", "sessions"]
pytestmark = pytest.mark.chain
SCRIPT = "<script>window.pwned=1</script>'\"&"
ROADS: dict[str, Any] = {
    **OPENLY,
    "department": papers.CENTRE,
    "providerCode": papers.CENTRE,
    "code": "10100101/00001",
    "name": "道路地名信息",
    "items": [papers.item("DLMC", name="道路名称", shareType="无条件共享", grade="一般1级")],
}
LICENCES, LONG, SECRET = (
    ids.entry_id(ids.department_id(papers.POLICE), str(each["code"])) for each in ENTRIES
)
ROADS_ID = ids.entry_id(ids.department_id(papers.CENTRE), str(ROADS["code"]))


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        for provider, bodies in ((papers.POLICE, ENTRIES), (papers.CENTRE, [ROADS])):
            publish(town, provider, *bodies)
        until(lambda: town.node.search.search("道路地名"))
        yield town


@pytest.fixture(scope="module")
def clerk():
    return SoftwareSigner.generate()


def publish(town, provider, *bodies):
    made = founding.publication(*(papers.catalogue_version(**each) for each in bodies))
    for act, signer in zip(made, (town.keys.heads[provider], town.keys.reviewer), strict=True):
        town.decide(act, signer)


def appoint(http, town, clerk):
    """Make somebody a data officer of the education bureau, who signs nothing."""
    head, given = town.keys.heads[papers.EDUCATION], {"type", "v", "salt"}
    key = papers.officer_key(
        **papers.ALWAYS,
        department=papers.EDUCATION,
        person=papers.person_of(clerk),
        publicKey=clerk.public_key.raw.hex(),
    )
    named = clerk.public_key.key_id.hex()
    roles = papers.roles(
        **papers.ALWAYS, department=papers.EDUCATION, key=named, roles=["数据专管员"]
    )
    for kind, body, new in (("AddKey", key, clerk), ("GrantRoles", roles, None)):
        fields = {name: each for name, each in body.items() if name not in given}
        decide(http, kind, fields, head, new)


def test_entries_are_put_in_from_search_page_and_desk(town, at, page, clerk):
    appoint(at(town.keys.heads[papers.EDUCATION]), town, clerk)
    http = at(clerk)
    page.goto(f"{town.url}/desk/apply")
    page.get_by_text("没有申请单").wait_for()
    page.goto(f"{town.url}/catalogue?q=常住人口")
    page.get_by_role("button", name="把 常住人口户籍信息 放入申请单").click()
    page.get_by_role("link", name="已放入申请单（共 1 个目录）").wait_for()
    looked_at(page, "desk-basket-search")
    page.goto(f"{town.url}/catalogue/{LICENCES.hex()}")
    page.get_by_role("button", name="放入申请单").click()
    page.get_by_role("link", name="已放入申请单（共 2 个目录）").click()
    for words, name in (("市场主体", ENTRIES[1]["name"]), ("道路", ROADS["name"])):
        page.wait_for_load_state()
        page.get_by_label("再放入目录").fill(words)
        page.get_by_role("button", name=f"放入 {name}").click()
        page.get_by_role("heading", name=name).wait_for()
    # What cannot be applied for says why, and begins nothing.
    answer = http.post(f"/desk/apply/add?entry={SECRET.hex()}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
    assert "不予共享，不能申请" in answer.json()["detail"]
    again = http.post(f"/desk/apply/add?entry={LONG.hex()}")
    assert "共 4 个目录" in again.text
    assert len(town.node.drafts.list(person(town, clerk))) == 1
    assert "本部门已有授权 1" in page.inner_text("main")


def person(town, signer):
    key = signer.public_key.key_id
    return Person(key, held_roles(town.node.queries, key, town.chain.running.clock()))


def test_what_was_filled_in_is_kept_and_handed_to_the_head(town, at, page, clerk):
    at(clerk)
    page.goto(f"{town.url}/desk/apply")
    page.get_by_role("link", name="等 4 个目录").click()
    for label in ("姓名 XM", "证件号 ZJH", "核发日期 HFRQ", "道路名称 DLMC"):
        page.get_by_label(label).check()
    page.get_by_label("使用依据").fill("义务教育法")
    page.get_by_label("使用场景").fill(f"核验{SCRIPT}")
    page.get_by_role("button", name=f"移出 {ENTRIES[1]['name']}").click()
    page.get_by_role("heading", name=ENTRIES[1]["name"]).wait_for(state="detached")
    assert page.get_by_label("证件号 ZJH").is_checked()
    for label, text in (
        ("使用范围", "学校"), ("安全措施", "专用终端"), ("经办人", "赵敏"),
        ("电话", "0317-0000003"), ("意见", f"请审签{SCRIPT}"),
    ):  # fmt: skip
        page.get_by_label(label).fill(text)
    looked_at(page, "desk-basket")
    assert page.get_by_role("button", name="签署并申请").count() == 0
    page.get_by_role("button", name="移交负责人签署").click()
    page.get_by_text("已移交负责人").wait_for()
    looked_at(page, "desk-baskets")
    page.get_by_role("link", name="等 3 个目录").click()
    page.get_by_text("收回后才能改").wait_for()
    assert page.get_by_label("使用依据").is_disabled()


def test_the_head_signs_once_for_all_at_the_versions_in_force(town, at, page, keyfile):
    publish(town, papers.POLICE, {**ENTRIES[0], "version": 2, **CHANGED})
    head = town.keys.office[papers.EDUCATION]
    http = at(head)
    page.goto(f"{town.url}/desk")
    page.get_by_role("link", name="等 3 个目录").click()
    page.get_by_text("请审签").wait_for()
    looked_at(page, "desk-basket-outdated")
    place = page.url
    # Signed as it is, nothing goes out: the words say why, and what was typed is kept.
    page.get_by_label("条款").fill("第十一条")
    page.get_by_role("button", name="签署并申请").click()
    page.locator("[data-failed]").filter(has_text="请改用新版").wait_for()
    page.get_by_role("button", name="改用新版").click()
    page.get_by_label("准驾车型 ZJCX").wait_for()
    assert page.get_by_label("证件号 ZJH").is_checked()
    assert page.get_by_label("条款").input_value() == "第十一条"
    page.get_by_label("准驾车型 ZJCX").check()
    stale = http.post(f"{place}/save", data={"revision": "1"})
    assert stale.status_code == 409
    sign(page, "签署并申请", keyfile(head))
    page.wait_for_url("**/desk/authorisations")
    made = {
        fact.entry: fact
        for fact in town.node.queries.list_authorisations(after=1)
        if fact.consumer == ids.department_id(papers.EDUCATION)
    }
    assert {entry: (fact.version, fact.items) for entry, fact in made.items()} == {
        ENTRY: (1, 1), LICENCES: (2, 0b11), ROADS_ID: (1, 1)
    }  # fmt: skip
    assert {fact.provider for fact in made.values()} == {
        ids.department_id(each) for each in (papers.POLICE, papers.CENTRE)
    }
    assert http.get(place).status_code == 404


def test_what_was_withdrawn_meanwhile_must_be_taken_out(town, at, page):
    head = town.keys.office[papers.EDUCATION]
    http = at(head)
    for entry in (ENTRY, LONG):
        assert http.post(f"/desk/apply/add?entry={entry.hex()}").status_code == 200
    provider = town.keys.heads[papers.POLICE]
    fields = {"department": papers.POLICE, "reasons": {ENTRIES[1]["code"]: "系统已下线"}}
    decide(at(provider), "SubmitWithdrawal", fields, provider)
    at(head)
    page.goto(f"{town.url}/desk/apply")
    page.get_by_role("link", name="等 2 个目录").click()
    page.get_by_text("正在撤回，不能申请，请移出").wait_for()
    page.wait_for_load_state()  # its scripts run: a click before that is lost
    place = page.url
    page.get_by_role("button", name=f"移出 {ENTRIES[1]['name']}").click()
    page.get_by_text("正在撤回").wait_for(state="detached")
    # Of purposes the entry does not list none can be signed for.
    data = {"revision": "4", "purpose": "OTHER", "i0-XM": "on"}
    answer = http.post(f"{place}/fields", data=data)
    assert "不在这个目录列明的用途之内" in answer.json()["detail"]
    assert http.post(f"{place}/drop").headers["HX-Redirect"] == "/desk/apply"
    assert town.node.queries.get_authorisation(2).state == AuthorisationState.APPLIED


def test_who_applies_for_nobody_is_told_so(town, at, page):
    http = at(town.keys.reviewer)
    answer = http.post(f"/desk/apply/add?entry={ENTRY.hex()}")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    page.goto(f"{town.url}/desk/apply")
    page.get_by_text("您不能申请").wait_for()
    assert http.get(f"/desk/apply/{'0' * 32}").status_code == 404


def test_a_change_is_proposed_by_one_side_and_accepted_by_the_other(town, at, page, keyfile):
    consumer, provider = (town.keys.office[each] for each in (papers.EDUCATION, papers.POLICE))
    one = f"{town.url}/desk/authorisations/1"
    at(consumer)
    page.goto(one)
    page.get_by_role("link", name="提出变更").click()
    looked_at(page, "desk-change-propose")
    items = page.get_by_role("group", name="信息项", exact=True)
    items.get_by_label("公民身份号码 GMSFHM").uncheck()
    page.get_by_label("每日次数").fill("500")
    for label, text in (
        ("理由", f"人数减少{SCRIPT}"),
        ("经办人", "赵敏"),
        ("电话", "0317-0000003"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    sign(page, "签署并提出变更", keyfile(consumer))
    # Nothing has changed yet, and whoever proposed it cannot accept it.
    fact = town.node.queries.get_authorisation(1)
    assert (fact.items, fact.revision) == (0b11, 1)
    assert at(consumer).get(f"{one}/change").status_code == 403

    http = at(provider)
    page.goto(one)
    page.get_by_role("link", name="同意变更").click()
    row = page.get_by_role("row", name="每日次数")
    assert "1000000" in row.inner_text()
    assert "500" in row.inner_text()
    looked_at(page, "desk-change-accept")
    for label, text in (("理由", "同意"), ("经办人", "王建国"), ("电话", "0317-0000001")):
        page.get_by_label(label, exact=True).fill(text)
    sign(page, "签署同意变更", keyfile(provider))
    fact = town.node.queries.get_authorisation(1)
    assert (fact.items, fact.revision, fact.calls_per_day) == (0b01, 2, 500)
    answer = http.post(f"{one}/change/fields", data={"callsPerDay": "1", "rowsPerDay": "1"})
    assert "至少保留一个信息项" in answer.json()["detail"]


def test_terms_are_proposed_by_form_and_read_before_they_are_accepted(town, at, page, keyfile):
    consumer, provider = (town.keys.office[each] for each in (papers.EDUCATION, papers.POLICE))
    one = f"{town.url}/desk/authorisations/1"
    assert town.node.queries.get_authorisation(1).terms == ids.ZERO
    at(provider)
    page.goto(f"{one}/change")
    page.get_by_label("姓名：脱敏").select_option("keep")
    page.get_by_label("条件 1：信息项").select_option("GMSFHM")
    page.get_by_label("条件 1：比较").select_option("prefix")
    page.get_by_label("条件 1：值").fill("1309")
    for label, text in (("理由", "最小必要"), ("经办人", "王建国"), ("电话", "0317-0000001")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="签署并提出变更").click()
    page.locator("[data-failed]").filter(has_text="用后处置").wait_for()
    page.get_by_label("用后处置").select_option("销毁")
    looked_at(page, "desk-change-terms")
    sign(page, "签署并提出变更", keyfile(provider))
    at(consumer)
    page.goto(one)
    page.get_by_role("link", name="同意变更").click()
    for name, text in (
        ("行范围", "公民身份号码开头为「1309」"),
        ("另行脱敏", "姓名 保留前 1 后 0 位"),
        ("用后处置", "销毁，30 天内"),
    ):
        assert text in page.get_by_role("row", name=name).inner_text()
    looked_at(page, "desk-change-terms-accept")
    for label, text in (("理由", "同意"), ("经办人", "赵敏"), ("电话", "0317-0000003")):
        page.get_by_label(label, exact=True).fill(text)
    sign(page, "签署同意变更", keyfile(consumer))
    fact = town.node.queries.get_authorisation(1)
    assert (fact.revision, fact.terms != ids.ZERO) == (3, True)
    assert "公民身份号码开头为「1309」" in page.inner_text("main")
    page.goto(f"{one}/change")
    assert page.get_by_label("条件 1：值").input_value() == "1309"


def test_what_protects_is_signed_without_a_reason_and_a_dispute_is_ruled(town, at, page, keyfile):
    provider, judge = town.keys.office[papers.POLICE], town.keys.heads[papers.CENTRE]
    one = f"{town.url}/desk/authorisations/1"
    http = at(provider)
    assert http.get(f"{one}/ruling").status_code == 403
    page.goto(one)
    page.get_by_label("事项").select_option("暂停")
    page.get_by_label("整改措施或要求").fill("停用账号")
    page.get_by_role("button", name="签署办理").click()
    page.locator("[data-failed]").filter(has_text="理由").wait_for()
    page.get_by_label("整改措施或要求").fill("")
    sign(page, "签署办理", keyfile(provider))
    fact = town.node.queries.get_authorisation(1)
    assert fact.state == AuthorisationState.SUSPENDED

    http = at(judge)
    page.goto(f"{town.url}/desk/authorisations")
    page.get_by_role("link", name="由我们主管的").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="1", exact=True))
    assert "市公安局" in row.inner_text()
    looked_at(page, "desk-authorisations-over")
    row.get_by_role("link", name="1", exact=True).click()
    page.get_by_role("link", name="争议裁定").click()
    assert page.get_by_role("radio").count() == 3
    page.get_by_label("同意", exact=False).first.check()
    page.get_by_label("裁定理由").fill(f"使用符合用途{SCRIPT}")
    looked_at(page, "desk-ruling")
    answer = http.post(f"{one}/ruling/fields", data={"outcome": "转提供部门"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
    sign(page, "签署裁定", keyfile(judge))
    fact = town.node.queries.get_authorisation(1)
    assert fact.state == AuthorisationState.AGREED
