"""The live gateway of a door: log in, subscribe, start, and from then on DBN, from now or from the past."""

from collections.abc import Mapping
from typing import Final

import msgspec
import trio

from engine.providers.base import Mode
from engine.providers.databento.symbols import DATASETS
from engine.providers.simulator.databento.login import Lines, Login, accepted, refused
from engine.providers.simulator.databento.speech import SCHEMAS, complaint, heartbeat, mapping, metadata
from engine.providers.simulator.databento.traded import traded_of_all
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.freezing import FreezingStream
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.subscriber import Subscriber

_LOGIN_S: Final = 10.0
_FAREWELL_S: Final = 2.0
_HEARTBEAT_S: Final = range(1, 1801)
_MOST_CONNECTIONS: Final = 10
_MOST_WAITING: Final = 10_000
_LOOK_S: Final = 0.01
_TOO_MANY, _UNKNOWN_SYMBOL, _BAD_SUBSCRIPTION, _INTERNAL = 3, 4, 5, 6
_CODES: Final = range(1, 9)


class Wish(msgspec.Struct, frozen=True):
    """A subscription as it was asked for."""

    mode: Mode
    stype: str
    symbols: list[str]
    start_ns: int | None = None


class GatewayServer:
    """Serves the clients of one door to whoever knows its key."""

    def __init__(self, door: Door, *, key: str) -> None:
        self._door = door
        self._key = key
        self._clients: dict[Subscriber, None] = {}

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until it ends; the stream is closed then."""
        async with FreezingStream(stream, self._door) as freezing:
            try:
                lines = Lines(freezing)
                login = None
                with trio.move_on_after(_LOGIN_S):
                    login = await self._log_in(freezing, lines)
                if login is not None:
                    await _Session(self._door, freezing, lines, login).serve(self._clients)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _log_in(self, stream: trio.abc.Stream, lines: Lines) -> Mapping[str, str] | None:
        login = Login(self._key)
        await stream.send_all(login.greeting)
        told = await lines.next()
        if told is None:
            return None
        refusal = self._refusal(login, told)
        await stream.send_all(accepted() if refusal is None else refused(refusal))
        return told if refusal is None else None

    def _refusal(self, login: Login, told: Mapping[str, str]) -> str | None:
        if self._door.fails(FaultKind.LIMIT) or len(self._clients) >= _MOST_CONNECTIONS:
            return "Too many connections"
        if self._door.fails(FaultKind.REFUSE) or not login.fits(told):
            return "Authentication failed"
        return None if told.get("dataset") in DATASETS.values() else "Unknown dataset"


class _Session:
    """One client that is in."""

    def __init__(self, door: Door, stream: trio.abc.Stream, lines: Lines, login: Mapping[str, str]) -> None:
        self._door = door
        self._stream = stream
        self._lines = lines
        self._dataset = login["dataset"]
        told_s = login.get("heartbeat_interval_s", "30")
        self._heartbeat_s = int(told_s) if told_s.isdecimal() and int(told_s) in _HEARTBEAT_S else 30
        self._subscriber = door.subscriber()
        self._wishes: list[Wish] = []

    @property
    def _now_ns(self) -> int:
        return self._door.exchange.now_ns

    async def serve(self, clients: dict[Subscriber, None]) -> None:
        clients[self._subscriber] = None
        self._door.join(self._subscriber)
        try:
            async with trio.open_nursery() as tasks:
                tasks.start_soon(self._read)
                tasks.start_soon(self._write)
                await self._subscriber.ended.wait()
                tasks.cancel_scope.cancel()
        finally:
            clients.pop(self._subscriber)
            self._door.leave(self._subscriber)
        if self._subscriber.code is not None:
            await self._say_farewell(self._subscriber.code)

    async def _read(self) -> None:
        started = False
        try:
            while (told := await self._lines.next()) is not None:
                if "start_session" in told:
                    started = True
                    self._subscriber.say(metadata(self._dataset))
                elif (wish := _wish(told)) is None:
                    self._subscriber.end(_BAD_SUBSCRIPTION)
                    return
                else:
                    self._wishes.append(wish)
                if started:
                    await self._grant()
        except trio.BrokenResourceError:
            pass
        self._subscriber.end(None)

    async def _write(self) -> None:
        try:
            while True:
                frame = None
                with trio.move_on_after(self._heartbeat_s):
                    frame = await self._subscriber.take()
                await self._stream.send_all(heartbeat(self._now_ns) if frame is None else bytes(frame))  # pyright: ignore[reportArgumentType]
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._subscriber.end(None)

    async def _grant(self) -> None:
        """Tell the numbers, then what was traded meanwhile, and go on with what is traded from now on."""
        wishes, self._wishes = self._wishes, []
        granted = [(wish, index) for wish in wishes for index in self._numbered(wish)]
        starts = [wish.start_ns for wish in wishes if wish.start_ns is not None]
        if starts:
            await self._replay(granted, min(starts))
        for wish, index in granted:  # nothing has been traded since the replay ended: nobody else was let in
            self._door.subscribe(self._subscriber, index, wish.mode)

    def _numbered(self, wish: Wish) -> list[int]:
        """The places of the symbols, whose numbers are told; what nobody knows is told as well."""
        listings, found = self._door.exchange.market.listings, list[int]()
        by_symbol: dict[str, list[int]] = {}
        for (segment, symbol), index in self._door.places.items():
            if DATASETS.get(segment) == self._dataset:
                by_symbol.setdefault(symbol, []).append(index)
        for symbol in wish.symbols:
            for index in by_symbol.get(symbol, ()):
                self._subscriber.say(mapping(symbol, listings[index], self._now_ns, stype=wish.stype))
                found.append(index)
            if symbol not in by_symbol:
                self._subscriber.say(complaint(self._now_ns, f"{symbol} did not resolve", _UNKNOWN_SYMBOL))
        return found

    async def _replay(self, granted: list[tuple[Wish, int]], start_ns: int) -> None:
        """What was traded since then, up to the moment at which this returns."""
        modes = {index: wish.mode for wish, index in granted if wish.start_ns is not None}
        market, encode = self._door.exchange.market, self._door.speech.encode
        while True:
            now_ns = self._now_ns
            end_ns = min(now_ns, start_ns + MINUTE_NS)
            trades = traded_of_all(market, modes, start_ns, end_ns)
            for index, trade in trades:
                self._subscriber.put(encode(market.listings[index], trade, modes[index]))
            if end_ns == now_ns:
                return
            start_ns = end_ns + 1
            while self._subscriber.pending > _MOST_WAITING:  # noqa: ASYNC110 - it shrinks as the client reads
                await trio.sleep(_LOOK_S)
            await trio.lowlevel.checkpoint()

    async def _say_farewell(self, code: int) -> None:
        code = code if code in _CODES else _INTERNAL
        with trio.move_on_after(_FAREWELL_S):
            try:
                await self._stream.send_all(complaint(self._now_ns, "the session ends", code))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return


def _wish(told: Mapping[str, str]) -> Wish | None:
    mode, symbols, start = SCHEMAS.get(told.get("schema", "")), told.get("symbols", ""), told.get("start", "")
    if mode is None or not symbols or not (start.isdecimal() or not start):
        return None
    return Wish(mode, told.get("stype_in", "raw_symbol"), symbols.split(","), int(start) if start else None)
