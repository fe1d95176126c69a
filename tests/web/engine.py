"""The engine's part, played by hand: what it writes, publishes and answers, in its own words."""

from datetime import date
from typing import Any

from actors.channels import (
    DEPTH,
    LIVE_CANDLES,
    LIVE_CHAINS,
    MARKET_DATA,
    encode_candle_event,
    encode_depths,
    encode_live_candles,
    encode_live_chain,
    encode_market_data,
)
from engine.market import Candle, Instrument, InstrumentKind, Tick
from engine.market.candle import CandleState
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.depth import Depth
from engine.storage.durable import DurableStore, Exchange, ProviderMapping
from engine.storage.hot import HotStore, InstrumentReport
from engine.storage.packing import unpack

SYMBOLS = ("RELIANCE", "TCS", "INFY")
MINUTE = 60_000_000_000
NOON = 1_795_001_220_000_000_000
"""2026-11-18T11:27:00Z, a minute's beginning."""


def candle(
    minute: int, close: float = 1.0, *, state: str = "final", revision: int = 0, symbol: str = "RELIANCE"
) -> Candle:
    return Candle(
        f"NSE:{symbol}",
        "1m",
        NOON + minute * MINUTE,
        close,
        close,
        close,
        close,
        10,
        state=CandleState(state),
        revision=revision,
        source="simulator",
    )


class Engine:
    """Publishes under rising offsets and answers ``control:engine``."""

    def __init__(self, hot: HotStore) -> None:
        self.hot = hot
        self.epoch = 1
        self.offset = 0
        self.events = 0
        self.charts: list[tuple[str, str]] = []
        """The wishes for charts that came."""
        self.chart_answer: dict[str, Any] = {"built": True, "failed": ""}
        self.watched: list[str] = []
        self.unmapped: list[str] = []
        self.chains: list[str] = []
        """Those that clients follow."""
        self.refused: dict[str, str] = {}
        """Chains that can not be had, each with why."""
        self.depths: list[str] = []
        """Instruments whose depth clients follow."""
        self.depths_asked: list[str] = []
        """Those that somebody asked for once."""
        self.no_depth: dict[str, str] = {}
        """Instruments whose depth can not be had, each with why."""
        self.prices: dict[str, tuple[float, int]] = {}
        """What the provider would tell, and when it was asked (ms)."""
        self.prices_asked: list[list[str]] = []
        self.silent = False
        """Whether questions for prices stay without an answer."""
        self.asked: dict[str, Any] = {}
        self.refusal: dict[str, Any] = {}
        """What is answered to a command that can not be carried out."""
        self.decision: dict[str, Any] = {}
        """What is answered to an operator's word on a quarantined price."""

    async def trade(self, price: float, symbol: str = "RELIANCE", *, at: int = NOON, volume: int = 1) -> None:
        """A tick that is published."""
        self.offset += 1
        payload = encode_market_data(self.epoch, self.offset, at, [tick(price, symbol, at, volume)])
        await self.hot.publish(MARKET_DATA, payload)

    async def store(
        self, price: float, symbol: str = "RELIANCE", *, at: int = NOON, forming: tuple[Candle, ...] = ()
    ) -> None:
        """What the writer leaves behind of a tick."""
        quote = {"ltp": price, "ts_event": at, "volume": 1, "open": 1.0, "high": 2.0, "low": 0.5, "previous_close": 0.9}
        report = InstrumentReport(f"NSE:{symbol}", f"NSE_EQ:{SYMBOLS.index(symbol)}", price, quote, {}, forming)
        await self.hot.write_live([report])

    async def form(self, *candles: Candle) -> None:
        self.offset += 1
        await self.hot.publish(LIVE_CANDLES, encode_live_candles(self.epoch, self.offset, candles))

    async def close(self, *candles: Candle) -> list[str]:
        """Final and revised candles, as entries of ``events``; tells their offsets."""
        entries: list[tuple[str, bytes]] = []
        for one in candles:
            self.events += 1
            entries.append((f"{self.events}-0", encode_candle_event(one)))
        await self.hot.append_events(entries)
        return [offset for offset, _ in entries]

    async def tell_chain(self, snapshot: ChainSnapshot) -> None:
        """The newest of an option chain."""
        self.offset += 1
        await self.hot.publish(LIVE_CHAINS, encode_live_chain(self.epoch, self.offset, snapshot))

    async def tell_depths(self, *books: Depth) -> None:
        """The newest books of some instruments."""
        self.offset += 1
        await self.hot.publish(DEPTH, encode_depths(self.epoch, self.offset, NOON, books))

    async def answer_commands(self) -> None:
        position = await self.hot.commands_position("engine")
        while True:
            for identity, command in await self.hot.read_commands("engine", position, 200):
                position = identity
                if command["command"] == "chart":
                    self.charts.append((command["symbol"], command["timeframe"]))
                    await self.hot.reply(command["id"], {"ok": True, "result": self.chart_answer})
                    continue
                if command["command"] == "last_prices":
                    await self.tell_prices(command)
                    continue
                if command["command"] == "decide":
                    self.asked = command
                    await self.hot.reply(command["id"], {"ok": True, "result": self.decision})
                    continue
                if command["command"] == "chains":
                    self.chains = command["chains"]
                    await self.hot.reply(command["id"], {"ok": True, "result": {"refused": self.refused}})
                    continue
                if command["command"] == "depths":
                    self.depths = command["symbols"]
                    await self.hot.reply(command["id"], {"ok": True, "result": {"refused": self.no_depth}})
                    continue
                if command["command"] == "depth":
                    self.depths_asked.append(command["symbol"])
                    why = self.no_depth.get(command["symbol"], "")
                    await self.hot.reply(command["id"], {"ok": True, "result": {"failed": why, "refused": bool(why)}})
                    continue
                if command["command"] == "watch":
                    self.watched = command["symbols"]
                else:
                    self.asked = command
                await self.hot.reply(command["id"], self.refusal or {"ok": True, "result": {"unmapped": self.unmapped}})

    async def tell_prices(self, command: dict[str, Any]) -> None:
        self.prices_asked.append(command["symbols"])
        if not self.silent:
            prices = {name: self.prices[name] for name in command["symbols"] if name in self.prices}
            await self.hot.reply(command["id"], {"ok": True, "result": {"prices": prices, "failure": ""}})

    async def appear(self) -> None:
        """Shows itself to the web processes, for five seconds."""
        await self.hot.publish_tree("engine", {"process": "engine"})


def tick(price: float, symbol: str, at: int, volume: int) -> Tick:
    return Tick(f"NSE:{symbol}", price, 1, volume, at, at, "simulator", day_open=1.0, day_high=2.0, day_low=0.5)


async def seed(durable: DurableStore) -> None:
    """A small exchange that never closes, and an instrument nobody carries."""
    await durable.seed(
        [Exchange("NSE", "National Stock Exchange", "Asia/Kolkata", is_24_hours=True)],
        [Instrument(0, "NSE", symbol, symbol, InstrumentKind.EQUITY, 0.05) for symbol in (*SYMBOLS, "ORPHAN")],
        [
            ProviderMapping("simulator", f"NSE:{symbol}", "NSE_EQ", str(number), date(2024, 1, 1))
            for number, symbol in enumerate(SYMBOLS)
        ],
    )


def unpacked(payload: bytes) -> Any:
    return unpack(payload)
