"""Where nodes are is read again when a department's document was judged, and not before."""

from __future__ import annotations

from node.documents.exchange import Directory
from tests.common import papers

from .common import POLICE, URLS


def test_is_read_once_for_all_questions(city, monkeypatch):
    reads = []
    read = Directory._read

    def counted(self):
        reads.append(self)
        return read(self)

    monkeypatch.setattr(Directory, "_read", counted)
    city.enrol_all()
    city.settle()
    directory = city.police.exchange._directory
    reads.clear()
    for _ in range(50):
        assert directory.url_of(POLICE) == URLS[POLICE]
        assert POLICE in directory.known()
    assert len(reads) <= 1
    assert papers.POLICE in {paper.code for paper in directory.departments().values()}


def test_knows_a_department_as_soon_as_its_document_is_judged(city):
    directory = Directory(city.centre.store)
    assert directory.url_of(POLICE) is None
    city.enrol_all()
    assert directory.url_of(POLICE) == papers.department()["url"]
