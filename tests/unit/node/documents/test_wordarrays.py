"""What a row's array must hold follows from an expression, and says it all where that is told."""

from __future__ import annotations

import pytest

from node.documents.folding import (
    ABSTRACT,
    ANYWHERE,
    BEGUN,
    EITHER,
    NAME,
    OTHER,
    indexed,
    runs,
)
from node.documents.ranking import Query, holding
from node.documents.wordarrays import Phrase, is_told_by_keys, keys, parse, sql, words


def test_a_row_has_its_words_their_beginnings_and_that_they_stand_somewhere():
    row = words([indexed(runs("户籍"), NAME)])
    assert {*row} == {
        *(
            f"{mark}{word}"
            for mark in (NAME, EITHER, ANYWHERE)
            for word in ("户籍", "籍", "户*", "籍*")
        )
    }


@pytest.mark.parametrize(
    ("expression", "needed", "told"),
    [
        (f'"{NAME}户籍"', [f"{NAME}户籍"], True),
        (f'"{NAME}户籍 {NAME}籍信"', [f"{NAME}户籍", f"{NAME}籍信"], False),
        (f'"{NAME}户籍" AND "{NAME}人口"', [f"{NAME}人口", f"{NAME}户籍"], True),
        (f'"{NAME}户籍" OR "{ABSTRACT}户籍"', [f"{EITHER}户籍"], True),
        (f'"{ABSTRACT}户籍" OR "{OTHER}户籍"', [f"{ANYWHERE}户籍"], False),
        (f'"{NAME}户籍" OR "{ABSTRACT}人口"', [], False),
        (f'("{NAME}户籍" OR "{ABSTRACT}户籍") NOT "{NAME}户籍"', [f"{EITHER}户籍"], False),
        (f'"{NAME}户"* OR "{ABSTRACT}户"*', [f"{EITHER}户*"], True),
        (f'"{NAME}户籍"*', [], False),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_a_row_must_hold(expression, needed, told):
    meant = parse(expression)
    assert (keys(meant), is_told_by_keys(meant)) == (needed, told)


def test_a_word_anywhere_is_one_of_the_array():
    for expression in (holding("户籍"), Query.of("户籍").levels()[-1]):
        assert keys(parse(expression)) == [f"{ANYWHERE}户籍"]
        assert is_told_by_keys(parse(expression))


def test_a_word_longer_than_a_key_is_read_in_the_text():
    long = f"{NAME}{'a' * 500}"
    assert keys(parse(f'"{long}"')) == [long[:400]]
    assert not is_told_by_keys(parse(f'"{long}"'))


def test_and_binds_before_or_and_not_before_both():
    one, other, third = (f'"{NAME}{each}"' for each in ("甲", "乙", "丙"))
    assert parse(f"{one} OR {other} AND {third}") == parse(f"{one} OR ({other} AND {third})")
    assert parse(f"{one} AND {other} NOT {third}") == parse(f"{one} AND ({other} NOT {third})")
    assert parse(one) == Phrase(f"{NAME}甲", begun=False)


def test_no_value_is_in_the_statement():
    bound = []

    def bind(value):
        bound.append(value)
        return f":{len(bound)}"

    said = sql(parse(f'"{NAME}户籍 {NAME}籍信" AND "{BEGUN[OTHER]}gd"'), bind)
    assert said == "((strpos(name || ' ', :1) > 0) AND words @> CAST(:2 AS text[]))"
    assert bound == [f"{NAME}户籍 {NAME}籍信 ", [f"{BEGUN[OTHER]}gd"]]
