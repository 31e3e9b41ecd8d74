"""Whoever is refused reads Chinese: each text of each raise has it, and the table has no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import node.sentences
from node.errors import LedgerError
from node.sentences import chinese_of
from tests.common.raised import raised

FILE = json.loads(Path(node.sentences.__file__).with_suffix(".json").read_text(encoding="utf-8"))
SAID: dict[str, str] = FILE["said"]
CHINESE = re.compile(r"[\u4e00-\u9fff：]")
VALUE = re.compile(r"v1\d\d")
WORDLESS = re.compile(r"(--[a-z]+|[^A-Za-z])*")
"""Nothing but values, marks between them and names of options."""

NOT_FOLLOWED = {
    "node/chain/embedded/anvil.py: str(response['error'].get('message'))": "anvil's own words",
    "node/chain/jsonrpc.py: self._host": "a connection's class, no error's",
    "node/chain/outbox.py: str(row.refusal)": "what the chain said, stored",
    "node/chain/reverts.py: message": "what the chain said",
    "node/chain/transactions.py: error.message": "raised below, with its Chinese",
    "node/client/refused.py: detail": "a node's own words",
    "node/client/refused.py: english": "a node's own words",
    "node/crypto/nativelib.py: str(LIBRARY)": "a library's path, no error's",
    "node/documents/importing/rules.py: reason": "rules say theirs in Chinese",
    "node/log/checkentries.py: error.message": "raised below, with its Chinese",
    "node/log/checkentries.py: message": "one of a pair; other callers are followed",
    "node/log/framing.py: str(told.get('message'))": "raised by the log writer, with its Chinese",
    "node/protocol/evidence/verify.py: err.message": "raised below, with its Chinese",
    "node/protocol/forms/words.py: message[field]": "the name of a kind, no error's",
    "node/service/serve.py: code": "a quota's code, said in workers",
    "api/cli/__init__.py: usage_error(said)": "click's words, said in Chinese there",
    "api/http/problems.py: error.detail": "Starlette's words",
}
"""What is said elsewhere or by others, with where."""


def filled(text: str) -> str:
    """A template with a value in each of its places."""
    numbers = iter(range(100, 200))
    return re.sub(r"{}", lambda _: f"v{next(numbers)}", text)


def test_every_text_that_is_raised_can_be_followed_or_is_named_with_who_says_it():
    assert set(raised().opaque) == set(NOT_FOLLOWED)


def test_every_english_text_that_is_raised_has_a_chinese_one():
    missing = {
        text: place
        for text, place in raised().templates.items()
        if not CHINESE.search(text)
        and text not in SAID
        and not WORDLESS.fullmatch(text.replace("{}", ""))
    }
    assert not missing, "write them into node/sentences.json, or say them in Chinese there"


def test_the_table_has_no_text_that_nothing_raises():
    assert set(SAID) <= set(raised().templates)


def test_each_text_is_found_by_its_own_english_and_loses_no_value():
    for english, chinese in SAID.items():
        values = VALUE.findall(filled(english))
        found = chinese_of(filled(english))
        assert (found, sorted(VALUE.findall(found))) == (chinese.format(*values), values)
        assert CHINESE.search(chinese)


def test_what_is_said_in_chinese_already_is_left_alone():
    said = [filled(text) for text in raised().templates if CHINESE.search(text)]
    assert [chinese_of(each) for each in said] == said


def test_what_another_error_said_is_chinese_inside_another_too():
    error = LedgerError("the read model cannot be read: the log has no entry 5")
    assert error.chinese == "读模型无法读取：日志没有第 5 条"
    assert str(error) == f"{error.chinese} / {error.message}"


@given(st.text())
def test_whatever_stands_in_a_value_stays_as_it_is(value):
    said = chinese_of(f"mask rule {value!r} is not known to this node")
    assert said == f"本节点没有脱敏规则 {value!r}"


def test_the_table_is_kept_in_order():
    assert all(list(part) == sorted(part) for part in FILE.values())
