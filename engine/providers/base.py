"""The contract every provider fulfils: a live feed, its decoder, its history, and how its failures are told apart."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from engine.market.candle import Candle
from engine.market.corporate_action import CorporateAction
from engine.market.option_chain import OptionChain
from engine.market.quote import Quote
from engine.market.tick import Tick


class Advice(StrEnum):
    """What the caller had best do about a provider's failure."""

    RETRY = "retry"
    """Try again, with backoff."""
    WAIT = "wait"
    """Try again, but not before ``wait_s`` seconds: the provider counts attempts."""
    NEW_TOKEN = "new_token"  # noqa: S105 - the advice, not a token
    """Try again once there is another token."""
    FIX_REQUEST = "fix_request"
    """The same request will fail again: something in it is wrong."""
    GIVE_UP = "give_up"
    """Nothing a program can do helps: the account lacks what was asked."""


class ProviderError(Exception):
    """The provider failed."""

    def __init__(
        self, detail: str, *, advice: Advice = Advice.RETRY, wait_s: float | None = None, code: str | None = None
    ) -> None:
        super().__init__(detail)
        self.advice = advice
        self.wait_s = wait_s
        """Seconds the provider wants to be left alone, where it says so."""
        self.code = code
        """The provider's own name for the failure, where it has one."""


class PlanError(ProviderError):
    """The wanted instruments do not fit into what the provider allows."""

    def __init__(self, detail: str, routes: "Sequence[Route]" = ()) -> None:
        super().__init__(detail, advice=Advice.FIX_REQUEST)
        self.routes = tuple(routes)
        """Those that can not be subscribed at all; without them the plan may succeed."""


class Route(msgspec.Struct, frozen=True):
    """The way of one instrument: under which name its provider knows it, and where its ticks go."""

    instrument: str
    """Canonical name, ``EXCHANGE:SYMBOL``."""
    segment: str
    """The provider's name for the market, as in ``NSE_EQ``."""
    security_id: str
    """The provider's name for the instrument; unique only inside its segment."""
    tick_size: float
    kind: str
    """``equity``, ``index``, ``future`` or ``option``."""
    target: Any = None
    """Where decoded ticks are sent; a decoder never looks inside."""

    @property
    def key(self) -> str:
        """The segment key, as in ``NSE_EQ:1333``."""
        return f"{self.segment}:{self.security_id}"


class DecoderStatistics(msgspec.Struct, frozen=True):
    """What a decoder has seen so far; nothing it could not use is missing from these counts."""

    frames: int = 0
    packets: int = 0
    ticks: int = 0
    unknown_codes: int = 0
    """Packets of a kind we do not know, skipped by their length."""
    unmapped: int = 0
    """Packets of instruments that have no route."""
    malformed: int = 0
    """Packets and frame ends that contradict themselves."""
    unpriced: int = 0
    """Packets of instruments that have not traded yet: no tick comes of them."""
    untimed: int = 0
    """Ticks whose exchange time was absent or absurd and that carry the time of receipt instead."""
    clock_suspect: int = 0
    """Fresh trades whose time would fit the clock better under another reading of the provider's time zone."""
    undated: int = 0
    """Prices without a time that no new trade made: when they were made nobody knows, and no tick comes of them."""
    market_status: int = 0
    """Announcements of the market's state."""
    unmapped_sample: tuple[str, ...] = ()
    """The first few segment keys without a route."""


class Mode(StrEnum):
    """How much a feed is asked to tell of an instrument; what each means exactly is the provider's business."""

    TICKER = "ticker"
    """The last price, hardly anything else; no volume."""
    QUOTE = "quote"
    FULL = "full"
    """With open interest and depth, where the provider has them."""


class VolumeBasis(StrEnum):
    """How a feed tells what was traded."""

    SESSION = "session"
    """Each tick carries the running total of the session."""
    TRADES = "trades"
    """Each tick is a trade and carries its size; there is no total."""
    NONE = "none"
    """Not at all: candles count ticks, and say so."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's live feed can do."""

    modes: tuple[Mode, ...] = (Mode.QUOTE,)
    volume: VolumeBasis = VolumeBasis.SESSION
    open_interest: bool = False
    depth: int = 0
    """Levels of the order book; 1 is the best bid and ask alone."""
    replays: bool = False
    """A connection may begin at a time that is past."""
    notifies: bool = False
    """Its connections tell of orders, too."""


class FeedLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one account may subscribe."""

    connections: int
    instruments_per_connection: int
    instruments_per_message: int

    @property
    def capacity(self) -> int:
        """Instruments over all connections."""
        return self.connections * self.instruments_per_connection


class Notification(msgspec.Struct, frozen=True, gc=False):
    """Something a provider tells that is no price."""

    provider: str
    kind: str
    """``order``, ``trade``, ``error`` or ``message``."""
    at_ns: int
    """When it was received, UTC."""
    data: Mapping[str, Any]
    """As the provider wrote it."""


Notify = Callable[[Notification], object]


def ignore(_: Notification) -> None:
    """For those who want to hear of nothing but prices."""


class Decoder(Protocol):
    """Turns frames of one connection into ticks, each beside the target of its route."""

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a frame received at ``ts_recv`` (ns), in their order; never raises for any bytes."""
        ...

    def add(self, routes: Sequence[Route]) -> None:
        """Take up more routes; one already known by its segment key is replaced."""
        ...

    def remove(self, routes: Sequence[Route]) -> None:
        """Forget routes; unknown ones are no error."""
        ...

    def statistics(self) -> DecoderStatistics: ...


class Connection(Protocol):
    """One open socket to a provider."""

    async def receive(self) -> bytes:
        """The next frame, a text as UTF-8; raises ``ProviderError`` when the connection has ended or fallen silent."""
        ...

    @property
    def heard_s(self) -> float:
        """When anything at all last came, heartbeats included; seconds of the loop's clock."""
        ...

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """Ask for more routes, or for another mode of those that are subscribed; without a mode, in the feed's own."""
        ...

    async def unsubscribe(self, routes: Sequence[Route]) -> None: ...


class LiveFeed(Protocol):
    """A provider's stream of prices."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def limits(self) -> FeedLimits: ...

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` when they do not fit."""
        ...

    def decoder(self, routes: Sequence[Route]) -> Decoder: ...

    def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AbstractAsyncContextManager[Connection]:
        """A connection on which the routes are subscribed; failing to open it raises ``ProviderError``.

        A feed that ``replays`` begins with what happened since ``since_ns``, if that is not 0. ``notify`` hears of
        orders, errors and messages.
        """
        ...


_DAY_NS = 86_400_000_000_000


class HistoryLimits(msgspec.Struct, frozen=True):
    """How much of its record a provider gives, and how fast: who asks for more only spends calls."""

    look_back_days: Mapping[str, int | None]
    """How far back each timeframe reaches that the provider has itself; ``None``: to the instrument's first day."""
    days_per_call: int
    """What one call may span; daily candles come in one call whatever the range."""
    calls_per_second: float

    def offers(self, timeframe: str) -> bool:
        """Whether the provider has candles of that timeframe; others have to be made of shorter ones."""
        return timeframe in self.look_back_days

    def oldest_ns(self, timeframe: str, now_ns: int) -> int:
        """Before this time the provider has no candles of a timeframe that it offers."""
        days = self.look_back_days[timeframe]
        return 0 if days is None else now_ns - days * _DAY_NS


class HistoryStatistics(msgspec.Struct, frozen=True):
    """What became of the calls so far."""

    calls: int = 0
    failures: int = 0
    bars_skipped: int = 0
    """Bars whose prices were missing or no numbers."""


class History(Protocol):
    """A provider's record of what has been traded. All calls of one account wait at the same rate limit."""

    @property
    def limits(self) -> HistoryLimits: ...

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of an offered timeframe that open in ``[start_ns, end_ns)``, oldest first.

        Their buckets are the provider's, which need not be the calendar's; a day opens at the exchange's midnight. The
        bucket that still forms is among them. ``patient`` callers give way to everybody else who waits.
        """
        ...

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first.

        The minute that still forms is among them where the range reaches so far.
        """
        ...

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the exchange's days ``first`` to ``last``, both included, oldest first.

        A candle's time is the exchange's midnight its day begins with: which session opened it, the calendar knows.
        """
        ...

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what the provider does not know is absent."""
        ...

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each instrument by canonical name; what the provider does not know is absent."""
        ...

    def close(self) -> None:
        """Give connections back; nothing is asked afterwards."""
        ...


class Options(Protocol):
    """Whole option chains, of a provider that tells them in one call."""

    async def chain(self, underlying: Route, expiry: date) -> OptionChain:
        """The options of an instrument that expire on a day; without strikes where there are none."""
        ...


class Actions(Protocol):
    """What companies did to their shares, of a provider that tells it."""

    async def actions(self, route: Route, first: date, last: date) -> list[CorporateAction]:
        """The splits and dividends with ex-dates of these days, both included, oldest first; dividends as they were paid."""
        ...
