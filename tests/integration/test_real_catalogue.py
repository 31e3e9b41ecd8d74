"""A real city's open-data catalogue, through a mapping file, into signed versions.

The folder comes from `SHARELEDGER_REAL_DATA`; unset, these tests are skipped by name.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.decisions import catalogue
from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.protocol import documents
from tests.common import papers
from tests.common.town import build_town

FOLDER = os.environ.get("SHARELEDGER_REAL_DATA")
MAPPING = Path(__file__).parent / "mappings" / "taoyuan.toml"
ENTRIES = 1_429
BATCH = 60

pytestmark = pytest.mark.skipif(FOLDER is None, reason="SHARELEDGER_REAL_DATA is not set")


def filing(name):
    path = Path(FOLDER or "") / "taoyuan-2018" / name
    return file_table(
        path,
        load_mapping(str(MAPPING)),
        department=papers.POLICE,
        next_version=lambda _code: 1,
    )


@pytest.mark.parametrize("name", ["taoyuan_2018-A_utf8.csv", "taoyuan_2018-A.xlsx"])
def test_every_entry_of_the_city_can_be_filed(name):
    filed = filing(name)
    assert (len(filed.documents), filed.problems) == (ENTRIES, [])


def test_the_real_provider_stands_in_the_document_and_the_items_are_numbered():
    body = documents.parse(filing("taoyuan_2018-A_utf8.csv").documents[0]).body
    assert body.provider == "社會局"
    assert [item.code for item in body.items] == ["F001", "F002", "F003", "F004", "F005"]


@pytest.mark.chain
def test_a_batch_is_published_with_one_signature_and_found_by_two_characters(
    tmp_path, ledger_chain
):
    for town in build_town(tmp_path, ledger_chain):
        town.found()
        filed = [
            documents.parse(data) for data in filing("taoyuan_2018-A_utf8.csv").documents[:BATCH]
        ]
        town.decide(town.police, catalogue.submit_papers(filed), town.police.head)
        verdicts = [
            {
                "department": paper.body.department,
                "code": paper.body.code,
                "version": paper.body.version,
                "publish": True,
                "reason": None,
                "subject": paper.digest.hex(),
            }
            for paper in filed
        ]
        review = catalogue.review_versions(papers.review(reviews=verdicts))
        town.decide(town.centre, review, town.reviewer)
        town.follow()
        found = town.police.node.search.search("登革")
        assert [hit.name for hit in found] == ["桃園市登革熱確診個案分布"]
