"""Bodies of documents of every kind, complete and lawful, to be changed by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import sm3
from tests.common.codes import department_code

if TYPE_CHECKING:
    from node.crypto import Signer

CENTRE, POLICE, EDUCATION = (department_code(number) for number in (1, 2, 3))
KEY = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
"""The public key of GB/T 32918.2 annex A's example over the recommended curve."""
OTHER_KEY = (
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
"""The generator of the recommended curve."""
ALWAYS = {"validFrom": "2020-01-01", "validUntil": "2099-12-31"}
DIGEST = "ab" * 32
PERSON = "5e" * 32
"""The handle of an officer; a test that needs two persons gives the other one another."""


def department(**changes: Any) -> dict[str, Any]:
    return {
        "code": POLICE,
        "name": "市公安局",
        "parent": CENTRE,
        "competent": CENTRE,
        "kind": "政府部门",
        "level": "市",
        "region": "沧州市",
        "screening": False,
        "mayEnrol": False,
        "duties": ["户籍管理"],
        "url": "http://127.0.0.1:8101",
        "custody": "own",
        "host": None,
        "contact": {"name": "王建国", "phone": "0317-0000001"},
        "head": {"name": "李秀英", "post": "局长", "person": PERSON, "publicKey": KEY},
        **changes,
    }


def head(signer: Signer, **changes: Any) -> dict[str, Any]:
    """The head who has this key, and no other."""
    return {
        "name": "李秀英",
        "post": "局长",
        "person": person_of(signer),
        "publicKey": signer.public_key.raw.hex(),
        **changes,
    }


def person_of(signer: Signer) -> str:
    """Return the handle of an officer who has this one key."""
    return sm3(signer.public_key.key_id).hex()


def key(**changes: Any) -> dict[str, Any]:
    return {
        "holder": {"department": EDUCATION, "application": "ZHSX"},
        "kind": "应用系统",
        "name": "智慧升学",
        "publicKey": KEY,
        "validFrom": "2026-01-01",
        "validUntil": "2026-12-31",
        "encryptionKey": {
            "publicKey": OTHER_KEY,
            "validFrom": "2026-01-01",
            "validUntil": "2026-12-31",
        },
        "ed25519": None,
        "custody": "own",
        "host": None,
        **changes,
    }


def officer_key(**changes: Any) -> dict[str, Any]:
    return {
        "department": POLICE,
        "name": "张伟",
        "post": "科技信息化处处长",
        "person": PERSON,
        "publicKey": KEY,
        "validFrom": "2026-01-01",
        "validUntil": "2026-12-31",
        **changes,
    }


def recovery(**changes: Any) -> dict[str, Any]:
    return {
        "department": POLICE,
        "head": {"name": "李秀英", "post": "局长", "person": PERSON, "publicKey": OTHER_KEY},
        "reason": "负责人密钥介质损坏",
        **changes,
    }


def department_status(**changes: Any) -> dict[str, Any]:
    return {"department": POLICE, "order": "停用", "reason": "节点失守", **changes}


def revocation(**changes: Any) -> dict[str, Any]:
    return {
        "department": EDUCATION,
        "key": DIGEST,
        "reason": "密钥介质遗失",
        "since": "2026-03-01",
        **changes,
    }


def roles(**changes: Any) -> dict[str, Any]:
    return {
        "department": POLICE,
        "key": DIGEST,
        "post": "科技信息化处处长",
        "deputy": False,
        "roles": ["工作机构负责人", "值班员"],
        "reason": "任命",
        "validFrom": "2026-01-01",
        "validUntil": "2028-12-31",
        **changes,
    }


def application_object(**changes: Any) -> dict[str, Any]:
    return {
        "department": EDUCATION,
        "code": "ZHSX",
        "name": "智慧升学",
        "description": "义务教育入学材料核验",
        "network": "政务外网",
        "protectionLevel": 3,
        "contact": {"name": "赵敏", "phone": "0317-0000003"},
        **changes,
    }


def item(code: str = "XM", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": "姓名",
        "type": "字符型C",
        "length": 50,
        "scale": None,
        "shareType": "有条件共享",
        "grade": "一般2级",
        "mask": None,
        "nullable": False,
        "filterable": True,
        **changes,
    }


def catalogue_version(**changes: Any) -> dict[str, Any]:
    return {
        "department": POLICE,
        "code": "30300101/06001",
        "version": 1,
        "name": "常住人口户籍信息",
        "classification": ["基础信息资源", "人口"],
        "provider": "市公安局",
        "providerCode": POLICE,
        "abstract": "本市常住人口的户籍登记信息",
        "format": "数据库",
        "items": [
            item("XM"),
            item("GMSFHM", name="公民身份号码", length=18, grade="一般3级", mask="keep:6,4"),
        ],
        "shareType": "有条件共享",
        "conditions": {
            "scopes": ["仅限政府部门"],
            "purposes": [{"code": "RXHY", "name": "义务教育入学材料核验"}],
            "others": ["不得用于商业目的"],
        },
        "notShared": None,
        "modes": ["服务接口"],
        "opening": {"open": False, "condition": None},
        "updateCycle": "每日",
        "updateNote": None,
        "grade": "一般3级",
        "sourceSystem": "人口信息管理系统",
        "duty": "户籍管理",
        "secret": False,
        "personalInformation": True,
        "assessments": [
            {
                "kind": "保密审查",
                "conclusion": "不涉密",
                "date": "2026-01-10",
                "attachment": None,
            },
            {
                "kind": "个人信息保护影响评估",
                "conclusion": "风险可控",
                "date": "2026-01-11",
                "attachment": None,
            },
        ],
        "relatedCodes": [],
        **changes,
    }


def review(**changes: Any) -> dict[str, Any]:
    return {
        "competent": CENTRE,
        "reviewer": "刘洋",
        "opinion": "符合编制规范",
        "reviews": [
            {
                "department": POLICE,
                "code": "30300101/06001",
                "version": 1,
                "publish": True,
                "reason": None,
                "subject": DIGEST,
            }
        ],
        **changes,
    }


def withdrawal(**changes: Any) -> dict[str, Any]:
    return {
        "department": POLICE,
        "withdrawals": [{"code": "30300101/06001", "version": 1, "reason": "职能已划转"}],
        **changes,
    }


def withdrawal_review(**changes: Any) -> dict[str, Any]:
    return {
        "competent": CENTRE,
        "reviewer": "刘洋",
        "opinion": "职能划转属实",
        "reviews": [
            {
                "department": POLICE,
                "code": "30300101/06001",
                "version": 1,
                "accept": True,
                "reason": None,
                "subject": DIGEST,
            }
        ],
        **changes,
    }


def freeze_order(**changes: Any) -> dict[str, Any]:
    return {
        "competent": CENTRE,
        "department": POLICE,
        "code": "30300101/06001",
        "reason": "数据与目录摘要不一致",
        **changes,
    }


def application(**changes: Any) -> dict[str, Any]:
    return {
        "department": EDUCATION,
        "entry": {
            "department": POLICE,
            "code": "30300101/06001",
            "version": 1,
            "name": "常住人口户籍信息",
        },
        "items": ["GMSFHM", "XM"],
        "purpose": {"code": "RXHY", "name": "义务教育入学材料核验"},
        "application": {"code": "ZHSX", "name": "智慧升学"},
        "mode": "服务接口",
        "validFrom": "2026-02-01",
        "validUntil": "2026-12-31",
        "callsPerDay": 5000,
        "rowsPerDay": 20000,
        "basis": [{"title": "中华人民共和国义务教育法", "article": "第十二条", "text": None}],
        "scenario": "新生入学时核验户籍",
        "scope": "市区义务教育阶段学校",
        "security": "专用终端，日志留存三年",
        "handler": {"name": "赵敏", "phone": "0317-0000003"},
        "terms": None,
        **changes,
    }


def grant(**changes: Any) -> dict[str, Any]:
    return {
        "items": ["XM"],
        "mode": "服务接口",
        "validFrom": "2026-02-01",
        "validUntil": "2026-12-31",
        "callsPerDay": 5000,
        "rowsPerDay": 20000,
        "terms": None,
        **changes,
    }


def refusal(item_code: str = "GMSFHM", **changes: Any) -> dict[str, Any]:
    return {
        "item": item_code,
        "reason": "核验姓名即可",
        "ground": {"kind": "必要性", "citation": "与使用场景无关", "article": None},
        **changes,
    }


def reply(**changes: Any) -> dict[str, Any]:
    return {
        "authorisation": 1,
        "parties": {"provider": POLICE, "consumer": EDUCATION},
        "subject": DIGEST,
        "answer": "部分同意",
        "grant": grant(),
        "refusals": [refusal()],
        "opinion": "同意提供姓名",
        "handler": {"name": "张伟", "phone": "0317-0000002"},
        **changes,
    }


def step(**changes: Any) -> dict[str, Any]:
    return {
        "authorisation": 1,
        "parties": {"provider": POLICE, "consumer": EDUCATION},
        "step": "暂停",
        "revision": 1,
        "subject": None,
        "reason": "发现超范围使用",
        "points": [],
        "measures": "限期整改",
        "due": "2026-04-01",
        "effective": None,
        "outcome": None,
        **changes,
    }


def change(**changes: Any) -> dict[str, Any]:
    return {
        "authorisation": 1,
        "parties": {"provider": POLICE, "consumer": EDUCATION},
        "step": "提出变更",
        "revision": 1,
        "subject": DIGEST,
        "items": ["GMSFHM", "XM"],
        "validFrom": "2026-02-01",
        "validUntil": "2027-12-31",
        "callsPerDay": 8000,
        "rowsPerDay": 40000,
        "terms": None,
        "reason": "秋季招生人数增加",
        "handler": {"name": "赵敏", "phone": "0317-0000003"},
        **changes,
    }


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "provider": POLICE,
        "consumer": EDUCATION,
        "rowScope": {"XZQH": {"prefix": "1309"}},
        "filterOnly": ["GMSFHM"],
        "masks": {"XM": "keep:1,0"},
        "disposal": {"method": "销毁", "days": 30, "note": None},
        **changes,
    }


def log_succession(**changes: Any) -> dict[str, Any]:
    return {"department": POLICE, "relay": "b1" * 20, "reason": "日志磁盘损毁", **changes}


BODIES = {
    "department": department,
    "department-status": department_status,
    "recovery": recovery,
    "key": key,
    "officer-key": officer_key,
    "revocation": revocation,
    "roles": roles,
    "application-object": application_object,
    "catalogue-version": catalogue_version,
    "review": review,
    "withdrawal": withdrawal,
    "withdrawal-review": withdrawal_review,
    "freeze-order": freeze_order,
    "unfreeze-order": freeze_order,
    "application": application,
    "reply": reply,
    "step": step,
    "change": change,
    "terms": terms,
    "log-succession": log_succession,
}
"""A maker of a lawful body for every kind."""
