"""An identity provider, as OpenID Connect has it: where to send people, and who came back.

Authorisation code with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636). The provider is asked
for little and believed less: each answer is bounded in bytes and time, no redirect is followed, an
ID token counts only with one of the algorithms the settings name, by a public key of the provider,
for this client, for this attempt, now. The protocol's rules are authlib's, the signatures'
joserfc's; their HTTP is ours, for authlib's own would wait and read without bounds.
"""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from node.client.http import authorities, read_bounded
from node.errors import Overloaded, PeerUnavailable, SignatureInvalid
from node.office.readersessions import NAME_CHARACTERS, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from joserfc.jwk import KeySet

    from node.office.readersessions import Attempt

    from ..settings import OidcSettings

DISCOVERY = "/.well-known/openid-configuration"
STEP_SECONDS, ANSWER_SECONDS = 5.0, 10.0
ANSWER_BYTES = 262_144
KEPT_SECONDS = 3_600
"""How long the provider's description and keys are kept."""
AGAIN_SECONDS = 30
"""Keys are asked for again no more often, whatever key a token names."""
SKEW_SECONDS = 60
AT_ONCE, OF_ONE = 8, 4
"""Conversations with the provider at once, and of them from one address, which may be a proxy's: a
stranger can begin one with a made-up code."""
SILENT_SECONDS = 15
"""For which a provider that cannot be reached is not asked again: nobody waits for it, nor holds a
place meanwhile."""
SUBJECT_CHARACTERS = 255
VALUES = 200
"""Most values of the mapped claim that are looked at."""


class IdentityProvider:
    """The one the settings name."""

    def __init__(
        self,
        settings: OidcSettings,
        secret: bytes,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Ask the provider of `settings` as its client with `secret`; nothing is asked yet."""
        self._settings, self._secret, self._clock = settings, secret.decode("utf-8"), clock
        # Proxies from the environment would see codes and the secret.
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity", "Accept": "application/json"},
            verify=authorities(),
            timeout=STEP_SECONDS,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )
        self._places, self._talking = threading.Lock(), Counter[str]()
        self._silent_until = 0.0
        self._described: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    def close(self) -> None:
        self._client.close()

    def address(self, attempt: Attempt, redirect: str, asking: str) -> str:
        """Return where a browser at address `asking` is sent to sign in; it returns to `redirect`.

        Raises:
            PeerUnavailable: the provider does not answer, or did not a moment ago, or does not
                describe itself.
            Overloaded: too many are asking, or too many from there.
        """
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        with self._turn(asking):
            endpoint = self._description()["authorization_endpoint"]
        made: str = prepare_grant_uri(
            endpoint,
            self._settings.client_id,
            "code",
            redirect_uri=redirect,
            scope=" ".join(self._settings.scopes),
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return made

    def who(self, code: str, attempt: Attempt, redirect: str, asking: str) -> Told:
        """Hand in the code somebody came back with; return what the provider says of him.

        Raises:
            SignatureInvalid: it refuses the code, or its ID token does not hold.
            PeerUnavailable, Overloaded: as `address`.
        """
        with self._turn(asking):
            given = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect,
                "code_verifier": attempt.verifier,
            }
            answer = self._token(given)
            claims = self._verified(answer, attempt.nonce)
        return self._told(claims)

    def _token(self, given: dict[str, str]) -> Mapping[str, Any]:
        described, settings = self._description(), self._settings
        headers = {}
        offered = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in offered:
            # Form-encoded first (RFC 6749 section 2.3.1), which authlib leaves out.
            pair = f"{quote(settings.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            given |= {"client_id": settings.client_id, "client_secret": self._secret}
        status, content = self._ask("POST", described["token_endpoint"], given, headers)
        if 400 <= status < 500:  # noqa: PLR2004 - the code is wrong, used, or over
            raise SignatureInvalid(
                "统一身份认证不认这次登录，请重新登录 / the provider does not accept this sign-in"
            )
        return self._object(status, content, described["token_endpoint"])

    def _verified(self, answer: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token that holds.

        Raises:
            SignatureInvalid: it does not.
        """
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        text, settings = answer.get("id_token"), self._settings
        if not isinstance(text, str):
            raise _refused("id_token")
        try:
            # The algorithms are the settings', never the token's: `none` and HMAC with a public
            # key for its secret are not among them.
            algorithms = list(settings.algorithms)
            try:
                token = jwt.decode(text, self._key_set(), algorithms=algorithms)
            except JoseError:
                # Signed by a key that came after those kept, perhaps.
                token = jwt.decode(text, self._key_set(newer=True), algorithms=algorithms)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": settings.issuer},
                    "aud": {"essential": True, "value": settings.client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={
                    "nonce": nonce,
                    "client_id": settings.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock()), leeway=SKEW_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(f"{type(error).__name__}: {error}") from error
        found: Mapping[str, Any] = claims
        return found

    def _told(self, claims: Mapping[str, Any]) -> Told:
        settings, subject = self._settings, claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARACTERS:
            raise _refused("sub")
        values = _claim(claims, settings.claim)
        listed = values if isinstance(values, list) else [values]
        name = _claim(claims, settings.person)
        return Told(
            settings.issuer,
            subject,
            (name if isinstance(name, str) and name else subject)[:NAME_CHARACTERS],
            [each for each in listed[:VALUES] if isinstance(each, str)],
        )

    def _description(self) -> Mapping[str, Any]:
        if self._described is None or self._clock() - self._described[0] >= KEPT_SECONDS:
            address = self._settings.issuer.rstrip("/") + DISCOVERY
            found = self._object(*self._ask("GET", address), address)
            if found.get("issuer") != self._settings.issuer:
                raise PeerUnavailable(
                    f"{address} 写的 issuer 是 {found.get('issuer')!r:.200}，与配置不同"
                    " / names another issuer"
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not self._settings.is_safe(found.get(name)):
                    raise PeerUnavailable(
                        f"{address} 的 {name} 不是 https 地址 / is no https address"
                    )
            self._described = (self._clock(), found)
        return self._described[1]

    def _key_set(self, *, newer: bool = False) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        known, now = self._keys, self._clock()
        if known is None or now - known[0] >= (AGAIN_SECONDS if newer else KEPT_SECONDS):
            address = self._description()["jwks_uri"]
            found = self._object(*self._ask("GET", address), address)
            listed = found.get("keys")
            try:
                # Public signature keys alone: a secret that stands there is everybody's.
                usable = [
                    each
                    for each in (listed if isinstance(listed, list) else [])
                    if isinstance(each, dict)
                    and each.get("kty") in {"RSA", "EC", "OKP"}
                    and each.get("use", "sig") == "sig"
                ]
                known = (now, KeySet.import_key_set({"keys": usable}))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise PeerUnavailable(
                    f"{address} 没有可用的公钥 / has no public keys: {error}"
                ) from error
            self._keys = known
        return known[1]

    def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        content = None if form is None else urlencode(form).encode()
        try:
            with self._client.stream(
                method, url, content=content, headers={**kind, **(headers or {})}
            ) as response:
                return response.status_code, read_bounded(response, ANSWER_BYTES, ANSWER_SECONDS)
        except (httpx.RequestError, httpx.InvalidURL, UnicodeError) as error:
            # Not by what a stranger hands in, which something in between may swallow.
            if form is None or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                self._silent_until = self._clock() + SILENT_SECONDS
            # What was sent holds the secret: only the address is said.
            raise _silent(f"{url.partition('?')[0]}：{type(error).__name__}") from error

    def _object(self, status: int, content: bytes, url: str) -> Mapping[str, Any]:
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            value = None
        if status != 200 or not isinstance(value, dict):  # noqa: PLR2004 - HTTP
            raise PeerUnavailable(
                f"统一身份认证 {url} 的应答不合格式（{status}）"
                " / the identity provider answers something else"
            )
        return value

    @contextmanager
    def _turn(self, asking: str) -> Iterator[None]:
        """Hold a place of those at address `asking` while the provider is asked.

        Raises:
            PeerUnavailable: it did not answer a moment ago.
            Overloaded: others hold them all, or those of this address do.
        """
        if self._clock() < self._silent_until:
            raise _silent(self._settings.issuer)
        with self._places:
            if self._talking.total() >= AT_ONCE or self._talking[asking] >= OF_ONE:
                raise Overloaded("正在登录的人太多，请稍后再试 / too many are signing in")
            self._talking[asking] += 1
        try:
            yield
        finally:
            with self._places:
                self._talking[asking] -= 1
                self._talking += Counter()  # those at nought are forgotten


def _claim(claims: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a claim, or where there is none of that name what its dots lead to (`a.roles`)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _silent(what: str) -> PeerUnavailable:
    return PeerUnavailable(
        f"统一身份认证没有应答（{what}），请过 {SILENT_SECONDS} 秒再试；"
        "有部门登记的密钥的，可用密钥登录"
        f" / the identity provider does not answer: try again in {SILENT_SECONDS} s, or sign in"
        " with a registered key"
    )


def _refused(why: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"统一身份认证给出的身份不成立（{why:.200}） / the provider's ID token does not hold"
    )
