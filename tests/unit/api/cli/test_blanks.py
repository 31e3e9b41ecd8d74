"""Blank forms, and what becomes of files that are none."""

from __future__ import annotations

import tomllib

import pytest

from api.cli.blanks import blank_form, read_form, read_terms
from api.cli.file_commands import Form
from node.errors import MalformedDocument
from node.office.act import completed, new_paper
from node.protocol.forms import ApplicationPaper, DepartmentPaper
from tests.common import papers
from tests.common.shell import invoke


@pytest.mark.parametrize("name", list(Form))
def test_a_blank_form_is_written_once_and_explains_every_member(tmp_path, name):
    path = tmp_path / "form.toml"
    assert invoke("paper", "template", name, "-o", path).code == 0
    assert path.read_text(encoding="utf-8") == blank_form(name)
    again = invoke("paper", "template", name, "-o", path)
    assert (again.code, again.errors.partition("]")[0]) == (1, "[already-exists")


def test_the_department_form_makes_a_lawful_paper():
    body = tomllib.loads(blank_form("department"))
    body["head"] |= {"publicKey": papers.KEY, "person": papers.PERSON}
    assert new_paper("department", completed(DepartmentPaper, body)).body.host is None


def test_the_application_form_makes_a_lawful_paper():
    body = tomllib.loads(blank_form("application"))
    body["entry"] |= {"version": 1, "name": "户籍信息"}
    paper = new_paper("application", completed(ApplicationPaper, body)).body
    assert (paper.terms, paper.basis[0].text) == (None, None)


def test_the_terms_form_makes_a_lawful_paper(tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(blank_form("terms"), encoding="utf-8")
    assert new_paper("terms", read_terms(path)).body.disposal.days == 30


def test_a_member_nobody_knows_is_refused_by_name():
    body = {**tomllib.loads(blank_form("department")), "colour": "red"}
    body["head"] |= {"publicKey": papers.KEY, "person": papers.PERSON}
    with pytest.raises(MalformedDocument, match="colour：没有这一项"):
        new_paper("department", completed(DepartmentPaper, body))


RUDE = {
    "binary": bytes(range(256)) * 8,
    "ten megabytes on one line": b"a = '" + b"x" * 10_000_000,
    "an open string": b'name = "',
    "brackets without end": b"a = " + b"[" * 100_000,
}


@pytest.mark.parametrize("content", RUDE.values(), ids=RUDE.keys())
def test_a_file_that_is_no_form_is_refused(tmp_path, content):
    path = tmp_path / "form.toml"
    path.write_bytes(content)
    with pytest.raises(MalformedDocument, match=r"form\.toml"):
        read_form(path)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(MalformedDocument, match="读不出"):
            read_form(path)
