"""The client: one account on one server, be it several web processes; history when asked, events as they come."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import date, datetime
from ssl import SSLCertVerificationError
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from ticktree_client.chains import Chain
from ticktree_client.credentials import Credentials, Login, Token
from ticktree_client.depths import Depth
from ticktree_client.encoding import Encoding, Json, Msgpack
from ticktree_client.errors import RefusedError, UnavailableError
from ticktree_client.events import Candle, Event, Hole, Position, Refusal
from ticktree_client.failures import Failure, failure_of, failure_of_answer
from ticktree_client.following import Following, chain_of, depth_of
from ticktree_client.history import Gap, History, candles_of, gaps_of
from ticktree_client.pauses import pause_s

log = logging.getLogger("ticktree_client")

ANSWER_S = 15.0
ATTEMPTS = 5
"""For one question about the past; who follows tries for ever."""
PAGE = 10_000
WHERE_S = 30.0
"""Between two questions where the stream is."""
LARGEST_MESSAGE = 8 * 1024 * 1024
"""What was missed comes at once, up to a mebibyte."""


class Client:
    """``async with Client("https://ticks.example.org", token=…)``: a token or API key, or ``email`` and ``password``.

    Give several addresses where there are several: when one fails the next is asked. ``msgpack`` makes messages smaller.
    """

    def __init__(
        self,
        *addresses: str,
        token: str | None = None,
        email: str | None = None,
        password: str | None = None,
        credentials: Credentials | None = None,
        msgpack: bool = False,
        trust_env: bool = True,
    ) -> None:
        if not addresses:
            raise ValueError("expected at least one address such as http://127.0.0.1:8000")
        self._credentials = credentials or _credentials(token, email, password)
        self._encoding: Encoding = Msgpack() if msgpack else Json()
        self._trust_env = trust_env
        self._https = [httpx.AsyncClient(base_url=one, timeout=ANSWER_S, trust_env=trust_env) for one in addresses]
        self._turn = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; the end of the ``async with`` does it."""
        for http in self._https:
            await http.aclose()

    async def candles(
        self, symbol: str, timeframe: str = "1m", *, since: Position | None = None, forming: bool = False
    ) -> AsyncGenerator[Candle | Hole]:
        """Each candle when it is final, and again when it is revised; with ``forming`` also while it forms.

        A ``Hole`` says that revisions may be missing: ``history`` has them. RefusedError when nobody has this symbol.
        """
        async with aclosing(self.follow(f"candle.{symbol}.{timeframe}", since=since)) as events:
            async for event in events:
                if isinstance(event, Refusal) and not event.temporary:
                    raise RefusedError(event.message)
                if isinstance(event, Hole) or (isinstance(event, Candle) and (forming or event.state != "forming")):
                    yield event

    async def follow(self, *channels: str, since: Position | None = None) -> AsyncGenerator[Event]:
        """Everything the channels tell, for ever, over lost connections: from ``since`` on, else from now on.

        Raises RefusedError when the server will not let us in again.
        """
        following, attempt, renewed = Following(channels, since), 0, False
        while True:
            following.answered = False
            try:
                async with self._connected() as socket, aclosing(self._events(socket, following)) as events:
                    async for event in events:
                        yield event
            except SSLCertVerificationError as error:
                raise RefusedError(f"The server's certificate is not trusted: {error.verify_message}") from error
            except (OSError, TimeoutError, WebSocketException, httpx.HTTPError) as error:
                failure = failure_of(error)
            else:
                return
            attempt, renewed = (1, False) if following.answered else (attempt + 1, renewed)
            if failure.token_ended and not renewed and await self._renewed():
                renewed = True
            elif failure.is_final:
                raise RefusedError(f"Not let in again: {failure.why}.")
            await self._pause(attempt, failure)

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime | None = None) -> History:
        """The candles from ``start`` to ``end``, both included, as they are known now. Times need their zone.

        Raises RefusedError for a wish that makes no sense, UnavailableError when nobody answers.
        """
        asked: dict[str, Any] = {"symbols": symbol, "timeframe": timeframe, "limit": PAGE, "start": start.isoformat()}
        if end is not None:
            asked["end"] = end.isoformat()
        candles: list[Candle] = []
        gaps: dict[Gap, None] = {}
        complete = True
        while True:
            page = await self._get("/api/v1/bars", asked)
            candles += candles_of(symbol, timeframe, page)
            gaps |= dict.fromkeys(gaps_of(page))
            complete = complete and bool(page["complete"])
            if not page["next_page_token"]:
                return History(tuple(candles), tuple(gaps), complete)
            asked["page_token"] = page["next_page_token"]

    async def expiries(self, underlying: str) -> tuple[date, ...]:
        """The days on which options of an underlying expire, from today on, the nearest first: that of today may be over.

        ``option_chain`` without a day is of the first that is not. Raises RefusedError when nobody has this symbol.
        """
        told = await self._get(f"/api/v1/option_chain/{quote(underlying, safe='')}/expiries", {})
        return tuple(date.fromisoformat(one["expiry"]) for one in told["items"])

    async def option_chain(self, underlying: str, expiry: date | None = None, *, at: datetime | None = None) -> Chain:
        """All options that expire on one day (the nearest), as they are now or as they were; ``at`` needs its zone.

        ``follow("chain.NSE:NIFTY.2026-11-26")`` tells each newer one. Raises RefusedError for what is not listed or was not
        kept, UnavailableError when nobody answers or no engine gathers the chain.
        """
        asked = {"expiry": expiry and expiry.isoformat(), "at": at and at.isoformat()}
        wish = {name: value for name, value in asked.items() if value is not None}
        return chain_of(await self._get(f"/api/v1/option_chain/{quote(underlying, safe='')}", wish))

    async def depth(self, symbol: str) -> Depth:
        """What waits at the best prices, twenty levels on each side; ``failed`` says why there is none.

        ``follow("depth.NSE:RELIANCE")`` tells each newer one. Raises RefusedError when nobody has this symbol.
        """
        return depth_of(await self._get(f"/api/v1/depth/{quote(symbol, safe='')}", {}))

    @property
    def _http(self) -> httpx.AsyncClient:
        return self._https[self._turn % len(self._https)]

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[ClientConnection]:
        address = str(self._http.base_url).rstrip("/").replace("http", "ws", 1)
        subprotocol = self._encoding.subprotocol
        async with connect(
            f"{address}/ws{await self._credentials.query()}",
            additional_headers=await self._credentials.headers(self._http),
            subprotocols=None if subprotocol is None else [Subprotocol(subprotocol)],
            compression=None,
            max_size=LARGEST_MESSAGE,
            open_timeout=ANSWER_S,
            proxy=True if self._trust_env else None,
        ) as socket:
            yield socket

    async def _events(self, socket: ClientConnection, following: Following) -> AsyncGenerator[Event]:
        await socket.send(self._encoding.encode(following.wish()))
        asking = asyncio.create_task(self._ask_again_and_again(socket, following))
        try:
            while True:
                async with asyncio.timeout(None if following.answered else ANSWER_S):
                    data = await socket.recv()
                for message in self._encoding.decode(data):
                    for event in following.receive(message):
                        yield event
        finally:
            asking.cancel()

    async def _ask_again_and_again(self, socket: ClientConnection, following: Following) -> None:
        with contextlib.suppress(ConnectionClosed):  # who reads hears of it, too
            while True:
                await asyncio.sleep(WHERE_S)
                await socket.send(self._encoding.encode(following.question()))

    async def _renewed(self) -> bool:
        try:
            return await self._credentials.renew(self._http)
        except httpx.HTTPError:
            return True  # nobody refused: the next connection finds out

    async def _pause(self, attempt: int, failure: Failure) -> None:
        """Goes on to the next address, after a while that grows."""
        self._turn += 1
        seconds = pause_s(attempt, random.random, at_least_s=failure.later_s)
        log.info("%s; trying again in %.1f s", failure.why, seconds)
        await asyncio.sleep(seconds)

    async def _get(self, path: str, asked: Mapping[str, Any]) -> Any:
        """The answer to a question, asked again elsewhere and later while nobody can give it."""
        failure, renewed = Failure(""), False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                headers = await self._credentials.headers(self._http)
                answer = await self._http.get(path, params=asked, headers=headers)
                if answer.is_success:
                    return answer.json()
                failure = failure_of_answer(answer)
            except httpx.HTTPError as error:
                failure = failure_of(error)
            if failure.token_ended and not renewed and await self._renewed():
                renewed = True
            elif failure.is_final:
                raise RefusedError(f"{path}: {failure.why}")
            await self._pause(attempt, failure)
        raise UnavailableError(f"{path}: no answer after {ATTEMPTS} attempts: {failure.why}")


def _credentials(token: str | None, email: str | None, password: str | None) -> Credentials:
    if email is not None and password is not None and token is None:
        return Login(email, password)
    if email is not None or password is not None:
        raise ValueError("expected a token, or an email and its password")
    return Token(token)
