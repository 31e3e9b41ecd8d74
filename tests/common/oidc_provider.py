"""A small OpenID Connect provider over loopback HTTP: real keys, real codes, PKCE checked."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENT = "shareledger"
SECRET = "s3cret:%/密"  # noqa: S105 - has what Basic must encode
Claims = dict[str, Any]


class Provider:
    """Signs in `person` as soon as a browser comes; `forge` makes its ID tokens lie."""

    def __init__(self, url: str) -> None:
        self.url = url
        rsa, ec = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
        self.keys: dict[str, RSAKey | ECKey] = {"RS256": rsa, "ES256": ec}
        self.algorithm = "ES256"
        self.person: Claims = {"sub": "u-1", "name": "王芳", "groups": ["监管"]}
        self.codes: dict[str, dict[str, str]] = {}
        self.forge: Callable[[Claims], Claims | str] = lambda claims: claims
        self.described: Claims = {}
        self.asked: list[str] = []
        """Paths that were asked for."""

    @property
    def public_keys(self) -> Claims:
        return dict(KeySet(list(self.keys.values())).as_dict(private=False))

    def authorise(self, query: dict[str, str]) -> str:
        """Return where a browser is sent back to, with a code that works once."""
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.url}
        return query["redirect_uri"] + "?" + urlencode(back)

    def redeem(self, authorization: str, form: dict[str, str]) -> Claims | None:
        """Return the token answer, or None where client, code or verifier are wrong."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        client, _, secret = (unquote(part) for part in pair.partition(":"))
        query = self.codes.pop(form["code"], None)
        if (client, secret) != (CLIENT, SECRET) or query is None:
            return None
        if create_s256_code_challenge(form["code_verifier"]) != query["code_challenge"]:
            return None
        assert form["redirect_uri"] == query["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300}
        made = self.forge({**claims, "nonce": query["nonce"], **self.person})
        token = made if isinstance(made, str) else self.signed(made)
        return {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def signed(self, claims: Claims, algorithm: str = "") -> str:
        algorithm = algorithm or self.algorithm
        key = self.keys[algorithm]
        key.ensure_kid()
        header = {"alg": algorithm, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[algorithm])

    def hmac_by_public_key(self, claims: Claims) -> str:
        """Return a token signed with HS256, the RSA public key's own text for the secret."""
        text = self.keys["RS256"].as_pem(private=False)
        header = {"alg": "HS256", "kid": self.keys["RS256"].kid}
        return jwt.encode(header, claims, OctKey.import_key(_whole(text)), algorithms=["HS256"])

    def unsigned(self, claims: Claims) -> str:
        parts = ({"alg": "none"}, claims)
        return ".".join(
            base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
            for each in parts
        ) + "."  # fmt: skip


def _whole(pem: bytes) -> str:
    # A library that sees a PEM refuses it as a secret; an attacker's would not.
    return base64.b64encode(pem).decode()


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve a provider until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            made.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "/authorise", "token_endpoint": "/token",
                         "jwks_uri": "/keys"}  # fmt: skip
                addresses = {name: made.url + path for name, path in names.items()}
                self.answer({"issuer": made.url, **addresses, **made.described})
            elif parts.path == "/keys":
                self.answer(made.public_keys)
            else:
                self.send_response(302)
                self.send_header("Location", made.authorise(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_POST(self) -> None:
            made.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = made.redeem(self.headers.get("Authorization", ""), form)
            self.answer(answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def answer(self, value: Claims, status: int = 200) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
