"""What a department gets that wants more than its own: refusals, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from api.cli.console import ENGLISH
from api.refusing_words import refusal_text
from node.client.http import SignedHttp
from node.errors import DecisionRefused, LedgerError
from node.office import Act, departments
from node.office.founder import enrolment
from node.protocol.wire import ids

from .entries import HOUSEHOLD

if TYPE_CHECKING:
    from node.crypto import Signer

    from .calling import Calls
    from .cast import Player

THEFTS = ("1/1", "1/2")
"""Codes of the entries that name others' papers."""
REQUEST_SECONDS = 5.0


@dataclass
class Intruder:
    """The head of a department that was enrolled like any other."""

    calls: Calls

    def __post_init__(self) -> None:
        self.city, self.share, self.stages = self.calls.city, self.calls.share, self.calls.stages
        self.cast = self.city.cast
        self.own, self.signer = self.cast.intruder, self.cast.intruder.head

    def play(self) -> None:
        """Try everything an insider of one house could try on the others."""
        act = departments.enrol_department(self._enrolment(self.own))
        self.city.decide(self.cast.data.code, act, self.cast.data.head, self.signer)
        self._shadow()
        stolen = self._steal()
        self._read(stolen)
        self._poison()
        self._relist()

    def _shadow(self) -> None:
        shadow = self.cast.shadow
        body = self._enrolment(shadow)
        under = {**body, "parent": self.own.code, "competent": self.own.code}
        for chinese, english, told in (
            ("在自己名下登记影子部门", "a shadow department under its own", under),
            ("冒主管部门之名登记影子部门", "a shadow department in the competent's name", body),
        ):
            act = departments.enrol_department(told)
            self._refused(chinese, english, act, self.signer, shadow.head)

    def _enrolment(self, player: Player) -> dict[str, Any]:
        return enrolment(player.plan, player.keys, self.city.url(player))

    def _steal(self) -> bytes:
        """File versions that name an application and a version of others; the chain cannot tell."""
        applied = self.share.applications[HOUSEHOLD]
        version = self.share.versions[HOUSEHOLD, 2].digest
        fields = {"version": 1, "shareType": 1, "itemCount": 1}
        versions = [
            {**fields, "codeHash": ids.code_hash(code), "digest": digest}
            for code, digest in zip(THEFTS, (applied, version), strict=True)
        ]
        message = {"department": ids.department_id(self.own.code), "versions": versions}
        self.city.decide(self.cast.data.code, Act("SubmitVersions", message, []), self.signer)
        return applied

    def _read(self, stolen: bytes) -> None:
        entry = ids.entry_id(ids.department_id(self.own.code), THEFTS[0]).hex()
        shown = []
        for host in self.cast.hosts:
            url = f"{self.city.url(host)}/api/v1/catalogue/{entry}"
            answer = httpx.get(url, timeout=REQUEST_SECONDS)
            answer.raise_for_status()
            shown.append(answer.json()["document"])
        self.stages.check(
            shown == [None] * len(self.cast.hosts),
            "以他人的申请书冒充自己的目录 → 公开页面不显示",
            "another's application filed as its own version → the public page shows nothing",
        )
        code = ""
        with SignedHttp(self.signer, attempts=1) as http:
            try:
                url = f"{self.city.url(self.cast.police)}/api/v1/documents/{stolen.hex()}"
                http.request("GET", url)
            except LedgerError as error:
                code = error.code
        self.stages.check(
            code == "document-unknown",
            f"调阅他人的申请书 → {code}",
            f"reading another's application → {code}",
        )

    def _poison(self) -> None:
        # The traced call is of this entry too: its evidence stands all the same, later on.
        answer = self.calls.ask_patiently(self.calls.client(self.cast.police), HOUSEHOLD)
        self.stages.check(
            len(answer.rows) == 1,
            "以他人的目录文书毒化其授权 → 调用照常",
            "another's paper named to poison it → its calls are served all the same",
        )

    def _relist(self) -> None:
        contracts = self.city.node(self.cast.data.code).deployment.contracts
        fake = contracts["AccessAnchors"]
        act = departments.list_contract("CatalogueRegistry", fake.address, fake.code_hash)
        self._refused("改换已列名的合约", "re-pointing a listed contract", act, self.signer)
        centre = self.cast.data.head
        self._refused("首个部门自己改换合约", "the same by the first department", act, centre)

    def _refused(self, chinese: str, english: str, act: Act, *signers: Signer) -> None:
        try:
            self.city.node(self.cast.data.code).desk.decide(*act, *signers)
        except DecisionRefused as error:
            reason = error.message if ENGLISH else refusal_text(error)
            said = (f"{chinese} → {reason}", f"{english} → {reason}")
            self.stages.check(bool(error.facts.get("name")), *said)
        else:
            self.stages.check(False, f"{chinese} → 竟成功了", f"{english} → succeeded")  # noqa: FBT003
