"""The catalogue for machines that gather catalogues: DCAT 3 as JSON-LD, a sitemap, robots.txt.

Source: W3C Data Catalog Vocabulary 3; sitemaps protocol 0.9; RFC 9309. Members that are references
(publisher, distribution) are written out where they stand, so that one answer is whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any
from xml.sax.saxutils import escape

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import PlainTextResponse, Response

from node.errors import DocumentUnknown, NotFound
from node.protocol import forms as documents
from node.protocol.wire import encoding, ids

from ...http.callers import NodeDep
from ...http.described import HexPath
from ...http.verbs import Readable
from ..pages import page_of
from .department_pages import name_of
from .entry_pages import find_paper
from .spreading import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.documents.tables import Listing
    from node.protocol.forms import CatalogueVersionPaper
    from node.protocol.ledger.facts import EntryFact

    from ...parts import Node

router = APIRouter(route_class=Readable, include_in_schema=False)

LINKED = "application/ld+json"
PAGE = 100
URLS = 10_000
"""In one file of the sitemap, which may have 50,000."""
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


@router.get("/catalog.jsonld")
def catalog(
    request: Request, node: NodeDep, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> Response:
    """Answer with a page of the catalogue; `hydra:next` names the next."""
    url = node.settings.public_url
    page = page_of(node.search.search(limit=PAGE + 1, after=after), after, PAGE)
    root: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"{url}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": _chinese("政务数据共享目录"),
        "dct:publisher": _agent(name_of(node, _first(node)), ids.department_code(_first(node))),
        "dct:language": "zh-CN",
        "dcat:dataset": [_listed(url, each) for each in page.rows],
        "hydra:totalItems": node.search.tally().total,
    }
    if page.after is not None:
        root["hydra:next"] = {"@id": f"{url}{request.url.path}?after={page.after}"}
    return _json(root)


@router.get("/catalogue/{entry}.jsonld")
def dataset(entry: HexPath, node: NodeDep) -> Response:
    """Answer with one entry, as its document in force says it is."""
    wanted, url = encoding.hex32(entry), node.settings.public_url
    fact = node.queries.get_entry(wanted)
    data = find_paper(node, wanted, fact.version, fact.digest)
    if data is None:
        raise DocumentUnknown(f"{entry} 的文书尚未送达 / its document is not here")
    body: Any = documents.parse(data).body
    code = ids.department_code(fact.provider)
    filed = next(each for each in node.queries.versions(wanted) if each.version == fact.version)
    issued = node.queries.get_block(filed.submitted_block).timestamp
    found: dict[str, Any] = {
        "@context": CONTEXT,
        **_described(url, entry, body.name, body.abstract),
        "dct:identifier": f"{code}/{body.code}",
        "dct:publisher": _agent(name_of(node, fact.provider), code),
        "dct:creator": _agent(body.provider, body.provider_code),
        "dct:issued": {"@type": "xsd:date", "@value": documents.day_of(issued).isoformat()},
        "dct:accrualPeriodicity": _chinese(body.update_note or body.update_cycle),
        "dct:accessRights": _chinese(body.share_type),
        "dcat:keyword": [_chinese(word) for word in body.classification],
        "dcat:version": str(body.version),
        "dcat:distribution": [
            {"@type": "dcat:Distribution", "dct:title": _chinese(mode), "dct:format": body.format}
            for mode in body.modes
        ]
        + _downloads(node, url, fact, body),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": "SM3",
            "spdx:checksumValue": fact.digest.hex(),
        },
    }
    return _json(found)


@router.get("/sitemap.xml")
def sitemap(node: NodeDep) -> Response:
    """Answer with the parts of the sitemap."""
    parts = max(1, math.ceil(node.search.tally().total / URLS))
    url = node.settings.public_url
    return _xml(
        "sitemapindex", "sitemap", (f"{url}/sitemap-{part}.xml" for part in range(1, parts + 1))
    )


@router.get("/sitemap-{part}.xml")
def sitemap_part(part: Annotated[int, Path(ge=1, le=1_000)], node: NodeDep) -> Response:
    """Answer with the addresses of some thousand entries."""
    url = node.settings.public_url
    found = node.search.entries((part - 1) * URLS, URLS)
    if part > 1 and not found:
        raise NotFound(f"没有第 {part} 部分 / no such part")
    first = (f"{url}/", f"{url}/catalogue", f"{url}/departments") if part == 1 else ()
    return _xml("urlset", "url", (*first, *(f"{url}/catalogue/{each.hex()}" for each in found)))


@router.get("/robots.txt")
def robots(node: NodeDep) -> Response:
    """Answer with what may be gathered: the catalogue's own pages, not every search of it."""
    lines = ("User-agent: *", "Allow: /$", "Allow: /catalogue/", "Disallow: /catalogue?")
    downloads = "Disallow: /catalogue/*/data."
    return PlainTextResponse(
        "\n".join([*lines, downloads, f"Sitemap: {node.settings.public_url}/sitemap.xml", ""])
    )


def _listed(url: str, each: Listing) -> dict[str, Any]:
    return {
        **_described(url, each.entry.hex(), each.name, each.abstract),
        "dct:identifier": f"{each.department}/{each.code}",
        "dct:publisher": _agent(each.provider, each.department),
        "dct:accrualPeriodicity": _chinese(each.update_cycle),
        "dct:accessRights": _chinese(each.share_type),
        "dcat:keyword": [_chinese(word) for word in each.classification],
        "dcat:version": str(each.version),
    }


def _described(url: str, entry: str, name: str, abstract: str) -> dict[str, Any]:
    return {
        "@id": f"{url}/catalogue/{entry}.jsonld",
        "@type": "dcat:Dataset",
        "dct:title": _chinese(name),
        "dct:description": _chinese(abstract),
        "dcat:landingPage": {"@id": f"{url}/catalogue/{entry}"},
    }


def _downloads(
    node: Node, url: str, fact: EntryFact, body: CatalogueVersionPaper
) -> list[dict[str, Any]]:
    """Return a distribution for each format an open entry is downloaded in here."""
    if not node.open_data.offers(fact, body):
        return []
    address = f"{url}/catalogue/{fact.entry.hex()}"
    return [
        {
            "@type": "dcat:Distribution",
            "dct:title": _chinese(f"向社会开放的数据（{kind.upper()}）"),
            "dct:format": kind.upper(),
            "dcat:mediaType": media_type,
            "dcat:accessURL": {"@id": address},
            "dcat:downloadURL": {"@id": f"{address}/data.{kind}"},
        }
        for kind, media_type in MEDIA_TYPES.items()
    ]


def _chinese(text: str) -> dict[str, str]:
    return {"@value": text, "@language": "zh"}


def _agent(name: str, code: str) -> dict[str, Any]:
    return {"@type": "foaf:Agent", "foaf:name": _chinese(name), "dct:identifier": code}


def _first(node: Node) -> bytes:
    return ids.department_id(node.settings.departments[0].code)


def _json(value: dict[str, Any]) -> Response:
    return Response(orjson.dumps(value), media_type=LINKED)


def _xml(outer: str, inner: str, addresses: Iterable[str]) -> Response:
    rows = "".join(f"<{inner}><loc>{escape(each)}</loc></{inner}>" for each in addresses)
    text = f'<?xml version="1.0" encoding="UTF-8"?><{outer} xmlns="{SITEMAP}">{rows}</{outer}>'
    return Response(text, media_type="application/xml")
