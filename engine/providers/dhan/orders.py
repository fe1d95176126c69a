"""Dhan's order updates, a socket of its own: what becomes of the account's orders, whoever placed them.

Nobody has documented how a refused login is told: a message of type ``error`` with one of Dhan's codes is taken for one,
and so is a connection that ends before anything has come on it within seconds of the login, which asks for another try.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import msgspec

from engine.providers.base import Notification, ProviderError
from engine.providers.dhan.account import DhanEndpoints, account_of
from engine.providers.dhan.failures import failure, handshake_failure
from engine.providers.keyring import Credential, Keyring
from engine.providers.socket import Patience, ProviderSocket, Target, open_socket

_LOGIN: Final = 42
_ORDER: Final = "order_alert"
_ERROR: Final = "error"
TRADED: Final = ("traded", "part_traded", "partially_traded")


class DhanOrders:
    """What becomes of orders. It holds no connection itself; whoever opens one opens the next one, too."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        name: str = "dhan",
        patience: Patience | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = name
        self._keyring = keyring
        self._endpoints = endpoints or DhanEndpoints()
        self._patience = patience or Patience()
        self._now_ns = now_ns

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator["DhanOrderUpdates"]:
        """A connection that is logged in; failing to open it raises ``ProviderError``."""
        account = account_of(self._keyring)
        target = Target("Dhan's order updates", self._endpoints.orders_url, _refused)
        async with open_socket(target, self._patience) as socket:
            await socket.send(_login(account))
            yield DhanOrderUpdates(socket, account, self.name, self._now_ns)


class DhanOrderUpdates:
    """One open connection."""

    def __init__(self, socket: ProviderSocket, account: Credential, name: str, now_ns: Callable[[], int]) -> None:
        self._socket = socket
        self._account = account
        self._name = name
        self._now_ns = now_ns

    @property
    def heard_s(self) -> float:
        """When anything at all last came, pings included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> Notification:
        """What comes next; raises ``ProviderError`` when Dhan refuses the login, closes or falls silent."""
        message = await self._socket.receive()
        told = read_update(message)
        kind = _kind(told)
        if kind == _ERROR and (code := _code(told)):
            raise failure(code)
        return Notification(self._name, kind, self._now_ns(), told)


def read_update(message: str | bytes) -> dict[str, Any]:
    """The fields of a message; any bytes are answered, with their text as ``message`` where they are no object."""
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    text = message if isinstance(message, str) else message.decode("utf-8", "replace")
    return {"message": text}


def _kind(told: Mapping[str, Any]) -> str:
    kind = told.get("Type")
    if kind == _ORDER:
        status = str(_data(told).get("status") or _data(told).get("Status") or "")
        return "trade" if status.lower() in TRADED else "order"
    return _ERROR if kind == _ERROR else "message"


def _code(told: Mapping[str, Any]) -> str | None:
    code = _data(told).get("errorCode")
    return str(code) if code else None


def _data(told: Mapping[str, Any]) -> dict[str, Any]:
    data = told.get("Data")
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _login(account: Credential) -> str:
    login = {"MsgCode": _LOGIN, "ClientId": account.identity, "Token": account.token.reveal()}
    return msgspec.json.encode({"LoginReq": login, "UserType": "SELF"}).decode()


def _refused(status: int, retry_after_s: float | None) -> ProviderError:
    return handshake_failure(status, retry_after_s=retry_after_s)
