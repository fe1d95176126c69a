"""Google: signing in with an account there, by OpenID Connect's code flow with PKCE, a state and a nonce.

Another provider of OpenID Connect may stand in; all that is known of one is read from its discovery document.
"""

import secrets
import warnings
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.integrations.base_client import OAuthError
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from config.errors import SettingsError
from config.settings import Settings
from web.accounts.errors import IdentityError, ProviderSilentError
from web.accounts.identity import Identity, read_identity
from web.accounts.tokens import digest, random_token

with warnings.catch_warnings():
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it would rather have httpx2, and tells every user so
    from authlib.integrations.httpx_client import AsyncOAuth2Client

CALLBACK = "/auth/google/callback"
ANSWER_S = 10.0
KEEP_S = 3600.0
"""How long what a provider says of itself is believed; its keys change every few days."""
KEYS_AGAIN_S = 60.0
"""Between two readings of the keys because of a token that none of them fits."""
Model = TypeVar("Model")
_SCOPE = "openid email profile"
_DISCOVERY = "/.well-known/openid-configuration"


class Pending(msgspec.Struct, frozen=True):
    """A sign-in that was begun: what its end is checked by, and where it leads."""

    browser: str
    """SHA-256 of what the browser that began it keeps in a cookie."""
    verifier: str
    """Of PKCE."""
    nonce: str
    return_to: str
    user: str = ""
    """Whose account shall know this Google account from now on; empty for signing in."""

    def __repr__(self) -> str:
        return f"Pending({self.return_to})"


class Beginning(msgspec.Struct, frozen=True):
    """What a browser is sent away with."""

    address: str
    state: str
    browser: str
    """For its cookie."""
    pending: Pending

    def __repr__(self) -> str:
        return f"Beginning({self.pending.return_to})"


class _Endpoints(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Google:
    """Sends browsers away and recognizes who comes back."""

    def __init__(
        self, client_id: str, client_secret: str, issuer: str, public_url: str, now_s: Callable[[], float]
    ) -> None:
        """``now_s`` is the time in unix seconds; ``public_url`` is the address that browsers know us by."""
        self._client_id = client_id
        self._client_secret = client_secret
        self._issuer = issuer.rstrip("/")
        self._redirect = f"{public_url.rstrip('/')}{CALLBACK}"
        self._now_s = now_s
        self._endpoints: tuple[float, _Endpoints] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def begin(self, return_to: str, user: str = "") -> Beginning:
        """Where to send a browser that wants to sign in, or an account's owner to link it. Raises ProviderSilentError."""
        state, browser, verifier, nonce = random_token(), random_token(), secrets.token_urlsafe(48), random_token()
        endpoints = await self._where()
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                endpoints.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return Beginning(address, state, browser, Pending(digest(browser), verifier, nonce, return_to, user))

    async def finish(self, pending: Pending, code: str) -> Identity:
        """Who it was. Raises IdentityError, or ProviderSilentError."""
        endpoints = await self._where()
        try:
            async with self._client() as client:
                answer = await client.fetch_token(
                    endpoints.token_endpoint, grant_type="authorization_code", code=code, code_verifier=pending.verifier
                )
        except OAuthError as error:
            raise IdentityError("the code is not good any more; begin again.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderSilentError from error
        return await self._identity(str(answer.get("id_token", "")), pending.nonce)

    async def _identity(self, token: str, nonce: str) -> Identity:
        """Keys are read anew, now and then, for a token that none of them fits: the provider changes them."""
        read_s, keys = await self._read_keys()
        try:
            return self._read(token, keys, nonce)
        except IdentityError:
            if self._now_s() - read_s < KEYS_AGAIN_S:
                raise
        self._keys = None
        return self._read(token, (await self._read_keys())[1], nonce)

    def _read(self, token: str, keys: KeySet, nonce: str) -> Identity:
        now_s = self._now_s()
        return read_identity(token, keys, issuer=self._issuer, client_id=self._client_id, nonce=nonce, now_s=now_s)

    async def _where(self) -> _Endpoints:
        if self._endpoints is None or self._now_s() - self._endpoints[0] > KEEP_S:
            endpoints = await self._get(f"{self._issuer}{_DISCOVERY}", _Endpoints)
            if endpoints.issuer.rstrip("/") != self._issuer:
                raise ProviderSilentError("It calls itself by another name.")
            self._endpoints = self._now_s(), endpoints
        return self._endpoints[1]

    async def _read_keys(self) -> tuple[float, KeySet]:
        if self._keys is None or self._now_s() - self._keys[0] > KEEP_S:
            read = await self._get((await self._where()).jwks_uri, dict[str, Any])
            try:
                self._keys = self._now_s(), KeySet.import_key_set(read)  # pyright: ignore[reportArgumentType]
            except (JoseError, ValueError, KeyError) as error:
                raise ProviderSilentError from error
        return self._keys

    async def _get(self, address: str, model: type[Model]) -> Model:
        try:
            async with httpx.AsyncClient(timeout=ANSWER_S) as client:
                response = (await client.get(address)).raise_for_status()
            return msgspec.json.decode(response.content, type=model)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderSilentError from error

    def _client(self) -> Any:
        """The library has no types."""
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            scope=_SCOPE,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            timeout=ANSWER_S,
        )


def configured_google(settings: Settings, now_s: Callable[[], float]) -> Google | None:
    """Google as the settings say; ``None`` when they say nothing of it. Raises SettingsError when they say half."""
    identity, secret, public_url = settings.google_client_id, settings.google_client_secret, settings.public_url
    if identity is None and secret is None:
        return None
    if identity is None or secret is None or public_url is None:
        raise SettingsError(
            "Signing in with Google needs GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET and TICKTREE_PUBLIC_URL together."
        )
    if urlsplit(settings.google_issuer).query:
        raise SettingsError("TICKTREE_GOOGLE_ISSUER: expected an address without a query.")
    return Google(identity, secret.get_secret_value(), settings.google_issuer, public_url, now_s)
