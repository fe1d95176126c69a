"""A provider of OpenID Connect on loopback: it signs whoever it is told to in, and is as strict as Google is."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "ticktree-in-tests", "a-client-secret-for-tests-only"


@dataclass
class Provider:
    """Who signs in next, and what of its words shall be wrong."""

    issuer: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "107", "email": "ann@example.org", "email_verified": True, "name": "Ann"}
    )
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the next tokens say instead."""
    fails: bool = False
    asked: list[str] = field(default_factory=list[str])
    _codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def __post_init__(self) -> None:
        self.change_keys()

    def change_keys(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to: nobody is asked for a password here."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert set(query["scope"].split()) == {"openid", "email", "profile"}
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'scope': query['scope']})}"

    def token(self, authorization: str, form: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code, once; ``None`` where Google says invalid_grant."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        begun = self._codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            begun is None
            or authorization != f"Basic {expected}"
            or form["redirect_uri"] != begun["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != begun["code_challenge"]
        ):
            return None
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.id_token(begun["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 3600, "nonce": nonce}
        said = usual | self.person | self.claims
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, said, self.key, algorithms=["RS256"])


@contextmanager
def running_provider() -> Generator[Provider]:
    """The provider, and its pages while the block lasts."""
    provider = Provider()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if provider.fails:
                self._answer(503, {})
            elif parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
            elif parts.path == "/keys":
                self._answer(200, KeySet([provider.key]).as_dict(private=False))
            else:
                self._answer(200, _discovery(provider.issuer))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            tokens = provider.token(self.headers.get("Authorization", ""), form)
            self._answer(400 if tokens is None else 200, tokens or {"error": "invalid_grant"})

        def _answer(self, status: int, body: object) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()


def _discovery(issuer: str) -> dict[str, str]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
    }
