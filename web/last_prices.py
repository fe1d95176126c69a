"""Asking for last prices that Redis lacks: all who want one at the same time ask the engine once."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from engine.runtime import Circuit
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.last_prices")

ENGINE = "engine"
JOIN_S = 0.01
"""So long wishes are gathered: many requests, one question."""
REPLY_S = 3.0
"""Nobody waits longer for a provider; what it says later is in Redis, for the next who asks."""
MOST_A_QUESTION = 1_000
MOST_WAITING = 5_000
"""Instruments that are being asked for; what is wanted beyond is told as missing at once."""


class AskedPrice(msgspec.Struct, frozen=True, array_like=True):
    """A price, and when a provider told it, unix milliseconds."""

    price: float
    asked_ms: int


Wish = asyncio.Future[AskedPrice | None]


class _Reply(msgspec.Struct):
    prices: dict[str, AskedPrice] = {}
    failure: str = ""


class LastPriceWishes:
    """Wishes for last prices. An engine that does not answer costs nobody time: after some silences it is not asked."""

    def __init__(self, hot: HotStore, *, jitter: Callable[[], float]) -> None:
        self._hot = hot
        self._jitter = jitter
        self._circuit = Circuit()
        self._wishes: dict[str, Wish] = {}
        """Those that wait for an answer, by instrument."""
        self._gathered: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def of(self, instruments: Iterable[str]) -> dict[str, AskedPrice]:
        """The prices that providers tell within a few seconds; the others are absent."""
        wishes = {name: wish for name in instruments if (wish := self._wish(name)) is not None}
        if not wishes:
            return {}
        await asyncio.wait(wishes.values(), timeout=JOIN_S + REPLY_S)
        told = {name: wish.result() for name, wish in wishes.items() if wish.done()}
        return {name: price for name, price in told.items() if price is not None}

    def _wish(self, instrument: str) -> Wish | None:
        """Joins the one that waits, or begins one; None where there is no room."""
        wish = self._wishes.get(instrument)
        if wish is None and len(self._wishes) < MOST_WAITING:
            wish = self._wishes[instrument] = asyncio.get_running_loop().create_future()
            self._gathered.append(instrument)
            if len(self._gathered) == 1:
                self._begin()
        return wish

    def _begin(self) -> None:
        task = asyncio.create_task(self._ask())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self) -> None:
        await asyncio.sleep(JOIN_S)
        gathered, self._gathered = self._gathered, []
        portions = [gathered[at : at + MOST_A_QUESTION] for at in range(0, len(gathered), MOST_A_QUESTION)]
        try:
            for prices in asyncio.as_completed([self._question(portion) for portion in portions]):
                self._fulfil(await prices)
        finally:
            for instrument in gathered:
                self._fulfil({instrument: None})

    def _fulfil(self, prices: dict[str, AskedPrice | None]) -> None:
        for instrument, price in prices.items():
            wish = self._wishes.pop(instrument, None)
            if wish is not None:
                wish.set_result(price)

    async def _question(self, instruments: list[str]) -> dict[str, AskedPrice | None]:
        """What the engine answers; nothing while there is none."""
        loop = asyncio.get_running_loop()
        try:
            if ENGINE not in await self._hot.trees() or not self._circuit.admits(loop.time()):
                return {}
            reply = await self._hot.send_command(ENGINE, {"command": "last_prices", "symbols": instruments}, REPLY_S)
            answer = msgspec.convert(reply.get("result") or {"failure": str(reply.get("error"))}, _Reply)
        except (StorageError, msgspec.ValidationError) as error:
            self._circuit.failed(loop.time(), self._jitter())
            log.info("last_prices_not_answered", error=str(error), open=self._circuit.is_open)
            return {}
        self._circuit.succeeded()
        if answer.failure:
            log.debug("no_last_prices", why=answer.failure)
        return dict(answer.prices)
