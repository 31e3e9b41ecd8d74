"""An officer's agent: holds his key, recomputes what a page asks him to sign, asks him, signs.

The page that shows a decision comes from the node; so does the script that could sign it. Here
neither is believed. A page is known by its origin, paired once by a code that only the terminal
showed; what it hands over is checked like every prepared decision (`deciding`), read out in full
from documents and struct, and signed only if the officer says so. One question at a time.

HTTP and the terminal stand in `api.cli.agent_commands`; here are the rules.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ..crypto import check_login_text, constant_time_equal, sign_decision, sign_login
from ..errors import Conflict, Forbidden, InvalidInput, SignatureInvalid
from ..protocol.forms.readout import read_decision
from ..protocol.wire.prepared import Line, parse_prepared
from .deciding import check_prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..crypto import Signer
    from ..protocol.evm.decision import Domain

CODE_DIGITS = 8
MOST_TRIES = 5
"""Wrong codes until no more is taken: then the agent is started again."""
LOGIN_SECONDS = 300
"""How old a challenge may be, and how far ahead its clock."""
TOKEN_BYTES = 32
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]{1,255}")
PREFIX = "ShareLedger-login:"


class Officer(Protocol):
    """Who sits at the terminal."""

    def show_code(self, code: str) -> None:
        """Show the code a page is paired with."""
        ...

    def ask(self, origin: str, lines: Sequence[Line]) -> bool:
        """Show what would be signed for a page, whole, and return whether he wants it."""
        ...


@dataclass(slots=True)
class _Paired:
    origin: str
    token: str


class Agent:
    """Signs for one key, for one page, what its holder agrees to."""

    def __init__(
        self,
        signer: Signer,
        officer: Officer,
        require_domain: Callable[[str, str, Domain], object],
        *,
        only: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign with `signer`, asking `officer`.

        `require_domain` is called with origin, contract and where a decision would count, and
        raises where this is not known to be so; `only` is the one origin that may pair.
        """
        self._signer, self._officer, self._clock = signer, officer, clock
        self._require_domain, self._only = require_domain, only
        self._paired: _Paired | None = None
        self._tries = 0
        self._code = ""
        self._asking = threading.Lock()
        self._pairing = threading.Lock()
        self._draw()

    def admits(self, origin: str) -> bool:
        """Whether a page of this origin may be answered at all: the paired one; before, any."""
        if not _ORIGIN.fullmatch(origin):
            return False
        if self._paired is not None:
            return origin == self._paired.origin
        return self._only in {None, origin}

    def status(self, origin: str | None) -> dict[str, Any]:
        """Return what a page may know: that here is an agent, and whether it is paired with it."""
        paired = self._paired is not None and origin == self._paired.origin
        return {"agent": "shareledger", "paired": paired, "pairing": self._tries < MOST_TRIES}

    def pair(self, origin: str, said: object) -> dict[str, str]:
        """Pair the page that knows the code; the token it gets stands for it from now on.

        Raises:
            Forbidden: it is another page than the one that is paired, or the code is wrong.
        """
        code = _text(said, "code")
        with self._pairing:
            if not self.admits(origin):
                raise Forbidden(f"代理已与别的页面配对，不与 {origin} 配对 / is paired elsewhere")
            if self._tries >= MOST_TRIES:
                raise Forbidden("配对码错得太多，请重新启动代理 / too many wrong codes: restart it")
            self._tries += 1
            if not constant_time_equal(code.encode(), self._code.encode()):
                raise Forbidden(
                    f"配对码不对（还可试 {MOST_TRIES - self._tries} 次）/ this is not the code"
                )
            self._tries = 0
            token = secrets.token_urlsafe(TOKEN_BYTES)
            self._paired = _Paired(origin, token)
            # Used up: the page that lost its token needs the next one.
            self._draw()
        return {"token": token, "key": self._signer.public_key.key_id.hex()}

    def sign(self, origin: str, token: str, said: object) -> dict[str, str]:
        """Sign a prepared decision if it is what it says it is, and the officer agrees.

        Raises:
            SignatureInvalid: the token is not the paired page's.
            InvalidInput, VerificationError: the parts do not follow from each other.
            Forbidden: the officer did not agree.
            Conflict: he is being asked something else.
        """
        self._require(origin, token)
        prepared = parse_prepared(_member(said, "prepared"))
        reviewed = check_prepared(
            prepared,
            None,
            now=self._clock(),
            require_domain=lambda contract, domain: self._require_domain(origin, contract, domain),
        )
        papers = [paper.data for paper in reviewed.documents]
        lines = [*read_decision(reviewed.kind.name, reviewed.message, papers)]
        lines += [_reference(each.body) for each in reviewed.references]
        lines.append(Line("text", ("签名文字", "text"), (t := reviewed.text.decode(), t)))
        self._ask(origin, lines)
        return self._answer(sign_decision(self._signer, reviewed.hash))

    def login(self, origin: str, token: str, said: object) -> dict[str, str]:
        """Sign a challenge of the paired page's own node.

        Raises:
            InvalidInput: it is no challenge, for another origin, or of another time.
            SignatureInvalid, Forbidden, Conflict: as `sign`.
        """
        self._require(origin, token)
        text = _text(said, "challenge")
        try:
            check_login_text(challenge := text.encode("ascii"))
        except ValueError as error:
            raise InvalidInput(f"不是登录口令 / no challenge: {text[:80]!r}") from error
        named, _, made = text.removeprefix(PREFIX).split(" ")
        if named != origin:
            raise InvalidInput(f"登录口令是给 {named} 的，不是 {origin} / it is for another page")
        if abs(_second(made) - self._clock()) > LOGIN_SECONDS:
            raise InvalidInput(f"登录口令的时间不对：{made} / it was made at another time")
        self._ask(origin, [Line("text", ("登录", "sign in"), (text, text))])
        return self._answer(sign_login(self._signer, challenge))

    def _require(self, origin: str, token: str) -> None:
        paired = self._paired
        if (
            paired is None
            or origin != paired.origin
            or not constant_time_equal(token.encode(), paired.token.encode())
        ):
            raise SignatureInvalid("页面没有与代理配对 / the page is not paired with the agent")

    def _ask(self, origin: str, lines: Sequence[Line]) -> None:
        # A second question over the first could have the wrong one answered.
        if not self._asking.acquire(blocking=False):
            raise Conflict("代理正在问另一件事，请先答复 / another question is being asked")
        try:
            agreed = self._officer.ask(origin, lines)
        finally:
            self._asking.release()
        if not agreed:
            raise Forbidden("持有人没有同意签名 / the holder of the key did not agree")

    def _answer(self, signature: bytes) -> dict[str, str]:
        return {"key": self._signer.public_key.key_id.hex(), "signature": signature.hex()}

    def _draw(self) -> None:
        self._code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        self._officer.show_code(self._code)


def _reference(body: Any) -> Line:  # noqa: ANN401 - the papers' bodies
    """Say which paper the struct rests on; of a version the items that its bits stand for."""
    items = getattr(body, "items", ())
    named = "、".join(
        f"{place} {item.code} {item.name}"
        for place, item in enumerate(items, 1)
        if hasattr(item, "name")
    )
    said = f"{body.type} {getattr(body, 'code', '')} {getattr(body, 'name', '')} {named}".strip()
    return Line("reference", ("所依据的文书", "rests on"), (said, said))


def _member(said: object, name: str) -> object:
    if not isinstance(said, dict) or set(said) != {name}:
        raise InvalidInput(f"应只有 {name} 一项 / the body is {{{name!r}: …}}")
    return said[name]


def _text(said: object, name: str) -> str:
    value = _member(said, name)
    if not isinstance(value, str):
        raise InvalidInput(f"{name} 应为文字 / is no text")
    return value


def _second(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise InvalidInput(f"登录口令的时间不对：{text} / no time") from error
