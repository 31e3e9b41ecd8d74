"""Every error has a status, titles and a problem+json that tells no more than it should."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from api.http.problems import problem, problem_response, status_of
from api.refusing_words import TITLES
from node import errors


def tree(kind=errors.LedgerError):
    yield kind
    for narrower in kind.__subclasses__():
        yield from tree(narrower)


ALL = sorted(set(tree()), key=lambda kind: kind.__name__)


class TestTable:
    @pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
    def test_has_a_status_and_both_titles_for_every_error(self, kind):
        title = TITLES[kind.code]
        assert 400 <= status_of(kind) < 600
        assert not title.chinese.isascii()
        assert title.english.isascii()

    def test_has_no_title_for_a_code_nobody_raises(self):
        assert set(TITLES) == {kind.code for kind in ALL}

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (errors.SignatureInvalid, 401),
            (errors.ClockSkew, 401),
            (errors.DigestMismatch, 400),
            (errors.MalformedFilter, 400),
            (errors.CallReplayed, 409),
            (errors.AuthorisationUnknown, 404),
            (errors.ItemNotGranted, 403),
            (errors.Contradictory, 403),
            (errors.AuthorisationSuspended, 403),
            (errors.QuotaCalls, 429),
            (errors.QuotaRows, 429),
            (errors.LedgerBehind, 503),
            (errors.Overloaded, 503),
            (errors.WrongChain, 500),
        ],
    )
    def test_follows_section_7_of_the_protocol(self, kind, status):
        assert status_of(kind) == status


class TestProblem:
    def test_carries_the_code_the_detail_and_the_facts(self):
        members = problem(errors.ItemNotGranted("item XM is not granted", item="XM", at=b"\x01"))
        assert members == {
            "type": "urn:shareledger:problem:item-not-granted",
            "title": "信息项未获授权",
            "titleEn": "Item not granted",
            "status": 403,
            "detail": "信息项 XM 未获授权；请只查询授权范围内的信息项",
            "detailEn": "item XM is not granted",
            "code": "item-not-granted",
            "item": "XM",
            "at": "01",
        }

    def test_says_once_what_is_said_in_chinese_alone(self):
        members = problem(errors.NotFound("没有待审核的目录"))
        assert (members["detail"], "detailEn" in members) == ("没有待审核的目录", False)

    def test_says_why_a_contract_refused_in_the_words_of_people(self):
        refused = errors.DecisionRefused("X: EntryUnknown", name="EntryUnknown", args={"entry": 7})
        members = problem(refused)
        assert members["detail"] == "没有目录 7（EntryUnknown）"
        assert members["detailEn"] == "X: EntryUnknown"

    def test_cannot_be_overwritten_by_a_fact(self):
        assert problem(errors.Conflict("no", status=200, title="fine"))["status"] == 409

    def test_asks_to_retry_when_something_is_unavailable(self):
        assert int(problem_response(errors.LogUnavailable()).headers["Retry-After"]) >= 1

    def test_says_when_the_quota_is_renewed(self):
        reset = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        response = problem_response(errors.QuotaCalls("used up", reset=reset))
        assert 3590 <= int(response.headers["Retry-After"]) <= 3602
        assert json.loads(bytes(response.body))["reset"] == reset

    def test_is_json_whatever_text_a_caller_sent(self):
        response = problem_response(errors.InvalidInput("members given twice: \ud83d"))
        assert json.loads(bytes(response.body))["detail"].endswith("\\ud83d")

    def test_challenges_whoever_is_not_authenticated(self):
        assert "gdsl-1" in problem_response(errors.SignatureInvalid()).headers["WWW-Authenticate"]
