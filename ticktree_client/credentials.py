"""Credentials: how a client shows who it is, and what it does when that has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import httpx

from ticktree_client.errors import RefusedError


class Credentials(Protocol):
    """What opens sockets and answers requests."""

    async def headers(self, http: httpx.AsyncClient) -> Mapping[str, str]:
        """What a request or a handshake carries."""
        ...

    async def query(self) -> str:
        """What the socket's address carries."""
        ...

    async def renew(self, http: httpx.AsyncClient) -> bool:
        """Called when the server has ended them; whether there is something new to show."""
        ...


class Token:
    """The administrator's token, an API key, or an access token that somebody else renews."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def headers(self, http: httpx.AsyncClient) -> Mapping[str, str]:  # noqa: ARG002
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    async def query(self) -> str:
        return ""

    async def renew(self, http: httpx.AsyncClient) -> bool:  # noqa: ARG002
        return False


class Tickets(Token):
    """Tickets for sockets, each good once and for 30 seconds, from somebody who may make them (`POST /auth/ws-ticket`)."""

    def __init__(self, next_ticket: Callable[[], Awaitable[str]]) -> None:
        super().__init__(None)
        self._next_ticket = next_ticket

    async def query(self) -> str:
        return f"?ticket={quote(await self._next_ticket(), safe='')}"

    async def renew(self, http: httpx.AsyncClient) -> bool:  # noqa: ARG002
        return True


class Login:
    """An account. Its session is renewed when it ends; with the password again when it can not be."""

    def __init__(self, email: str, password: str) -> None:
        self._account = {"email": email, "password": password}
        self._access = ""
        self._refresh = ""
        self._one_at_a_time = asyncio.Lock()  # a refresh token shown twice ends the session

    async def headers(self, http: httpx.AsyncClient) -> Mapping[str, str]:
        async with self._one_at_a_time:
            if not self._access:
                await self._sign_in(http)
        return {"Authorization": f"Bearer {self._access}"}

    async def query(self) -> str:
        return ""

    async def renew(self, http: httpx.AsyncClient) -> bool:
        ended = self._access
        async with self._one_at_a_time:
            if self._access != ended:
                return True  # somebody beside us was faster
            if not await self._take(http, "/auth/refresh", {"refresh_token": self._refresh}):
                await self._sign_in(http)
        return True

    async def _sign_in(self, http: httpx.AsyncClient) -> None:
        if not await self._take(http, "/auth/login", self._account):
            raise RefusedError("The server did not accept this email and password.")

    async def _take(self, http: httpx.AsyncClient, path: str, shown: Mapping[str, str]) -> bool:
        answer = await http.post(path, json=shown)
        if answer.status_code in {400, 401, 403}:
            return False
        answer.raise_for_status()
        tokens = answer.json()
        self._access, self._refresh = tokens["access_token"], tokens["refresh_token"]
        return True
