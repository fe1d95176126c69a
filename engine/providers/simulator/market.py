"""The synthetic market: a deterministic function of seed, instrument and time, with the daily running figures of a real one.

Nothing is stored: a restart changes nothing, history from before the start is what would have been streamed, and
minutes that nobody watched cost nothing. The price of an instrument depends on no other, except that futures and options
follow their index; adding instruments or another trade rate changes volumes and trades.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from engine.market.candle import Candle
from engine.providers.simulator.chance import drift, generator, unit
from engine.providers.simulator.curve import BLOCK_MINUTES, Curve
from engine.providers.simulator.division import Bar, split
from engine.providers.simulator.hours import Hours, TradingDay, indian_midnight
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.minute_tape import DayFigures, MinuteTape
from engine.providers.simulator.tape import Trade, make_candle

_FEWEST_TRADES: Final = 4
"""Of a traded minute: enough for any four prices."""
_FULL_MINUTE_TRADES: Final = 6
"""Slower markets leave minutes out rather than trade less in each."""
_LOTS_PER_TRADE: Final = 8
_TRADE_WORTH: Final = 40_000
"""Rupees; what an equity trade is worth, roughly."""
_OPEN_LOTS: Final = 100_000
_TAPE_CHANCE: Final = 1
_VOLUME_CHANCE: Final = 2
_INTEREST_CHANCE: Final = 3


class Block(msgspec.Struct, frozen=True, gc=False):
    """Up to an hour of one instrument, by minutes; absent minutes have no bar, no volume, no trades."""

    bars: tuple[Bar | None, ...]
    volumes: tuple[int, ...]
    """Units."""
    trades: tuple[int, ...]


class SyntheticMarket:
    """A market of its listings at a rate of trades each minute and instrument, on average."""

    def __init__(self, listings: Sequence[Listing], *, seed: int, hours: Hours, trades_per_minute: float) -> None:
        self.listings = listings
        self._seed = seed
        self._hours = hours
        presence = min(1.0, trades_per_minute / _FULL_MINUTE_TRADES)
        self._trades_per_minute = trades_per_minute
        self._trades_when_present = trades_per_minute / presence
        self._curve = Curve(listings, seed=seed, hours=hours, presence=presence)
        self._volumes = lru_cache(maxsize=2 * len(listings) + 64)(self._block_volumes)
        self._block = lru_cache(maxsize=512)(self._make_block)
        self._tape = lru_cache(maxsize=64)(self._make_tape)

    # What the exchange asks

    def tape(self, index: int, time_ns: int) -> MinuteTape | None:
        day = self._hours.day_from(time_ns)
        minute = None if day is None else day.minute_at(time_ns)
        return None if day is None or minute is None else self._tape(index, day, minute)

    def tape_from(self, index: int, time_ns: int) -> MinuteTape | None:
        day = self._hours.day_from(time_ns)
        while day is not None:
            for minute in range(day.minutes_before(time_ns), day.minutes):
                if tape := self._tape(index, day, minute):
                    return tape
            day = self._hours.day_from(day.sessions[-1][1])
        return None

    def last(self, index: int, time_ns: int) -> Trade | None:
        day = self._hours.day_upto(time_ns)
        while day is not None:
            for minute in range(day.minutes_before(time_ns + 1) - 1, -1, -1):
                tape = self._tape(index, day, minute)
                if tape is not None and tape.times[0] <= time_ns:
                    return tape.event(bisect_right(tape.times, time_ns) - 1)
            day = self._hours.day_before(day)
        return None

    def minutes(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        return list(self._candles(index, start_ns, end_ns))

    def days(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        return list(self._day_candles(index, start_ns, end_ns))

    # How it comes about

    def _day_candles(self, index: int, start_ns: int, end_ns: int) -> Iterator[Candle]:
        day = self._hours.day_from(start_ns)
        while day is not None and (midnight := indian_midnight(day.date)) < end_ns:
            if midnight >= start_ns:
                blocks = self._curve.day(index, day).blocks
                high, low = max(block.high for block in blocks), min(block.low for block in blocks)
                bar = Bar(blocks[0].open, high, low, blocks[-1].close)
                interest = self._open_interest(index, day, self._last_minute(index, day))
                volume = sum(self._volumes(index, day))
                yield make_candle(self.listings[index], "1d", midnight, bar, volume=volume, open_interest=interest)
            day = self._hours.day_from(day.sessions[-1][1])

    def _candles(self, index: int, start_ns: int, end_ns: int) -> Iterator[Candle]:
        day = self._hours.day_from(start_ns)
        while day is not None and day.sessions[0][0] < end_ns:
            for minute in range(day.minutes_before(start_ns), day.minutes_before(end_ns)):
                block, place = divmod(minute, BLOCK_MINUTES)
                traded = self._block(index, day, block)
                if bar := traded.bars[place]:
                    interest = self._open_interest(index, day, minute)
                    volume = traded.volumes[place]
                    opens = day.opens_at(minute)
                    yield make_candle(self.listings[index], "1m", opens, bar, volume=volume, open_interest=interest)
            day = self._hours.day_from(day.sessions[-1][1])

    def _make_tape(self, index: int, day: TradingDay, minute: int) -> MinuteTape | None:
        number, place = divmod(minute, BLOCK_MINUTES)
        block = self._block(index, day, number)
        bar = block.bars[place]
        if bar is None:
            return None
        return MinuteTape(
            self.listings[index],
            day.opens_at(minute),
            self._figures(index, day, minute),
            bar,
            volume=block.volumes[place],
            trades=block.trades[place],
            rng=generator(self._seed, self.listings[index].seed, day.number, minute, _TAPE_CHANCE),
        )

    def _figures(self, index: int, day: TradingDay, minute: int) -> DayFigures:
        """How the day stood before a minute: whole blocks first, then the minutes of its own block."""
        number, place = divmod(minute, BLOCK_MINUTES)
        bars = self._curve.day(index, day)
        block = self._block(index, day, number)
        past: list[tuple[Bar, int]] = list(zip(bars.blocks[:number], self._volumes(index, day), strict=False))
        past += [(bar, volume) for bar, volume in zip(block.bars[:place], block.volumes, strict=False) if bar]
        opening = bars.blocks[0].open
        interest = self._open_interest(index, day, 0), self._open_interest(index, day, minute)
        return DayFigures(
            open=opening,
            high=max((bar.high for bar, _ in past), default=opening),
            low=min((bar.low for bar, _ in past), default=opening),
            previous_close=bars.previous_close,
            volume=sum(volume for _, volume in past),
            turnover=sum((bar.high + bar.low + bar.close) // 3 * volume for bar, volume in past),
            open_interest=interest[1],
            highest_open_interest=max(interest),
            lowest_open_interest=min(interest),
        )

    def _make_block(self, index: int, day: TradingDay, number: int) -> Block:
        listing = self.listings[index]
        bars = self._curve.minutes(index, day, number)
        rng = generator(self._seed, listing.seed, day.number, number, _VOLUME_CHANCE)
        present = [bar is not None for bar in bars]
        weights = [0.6 + 0.8 * rng.random() if traded else 0.0 for traded in present]
        lots = self._volumes(index, day)[number] // listing.lot_size
        shares = iter(split(lots, [weight for weight in weights if weight], minimum=_FEWEST_TRADES))
        volumes = tuple(next(shares) * listing.lot_size if traded else 0 for traded in present)
        trades = tuple(
            self._trades(volume // listing.lot_size, weight, lots)
            for volume, weight in zip(volumes, weights, strict=True)
        )
        return Block(bars, volumes, trades)

    def _trades(self, lots: int, weight: float, all_lots: int) -> int:
        """How many trades a minute has: by its weight, and no more than it has lots."""
        wanted = max(round(self._trades_when_present * weight), _FEWEST_TRADES)
        return min(wanted, lots) if all_lots else wanted

    def _block_volumes(self, index: int, day: TradingDay) -> tuple[int, ...]:
        """Units traded in each block of the day; none at all for an index."""
        listing = self.listings[index]
        count = -(-day.minutes // BLOCK_MINUTES)
        if listing.kind == "index":
            return (0,) * count
        rng = generator(self._seed, listing.seed, day.number, _VOLUME_CHANCE)
        weights = [(0.6 + 0.8 * rng.random()) * self._length(day, number) for number in range(count)]
        lots = split(self._day_lots(index, day), weights, minimum=_FEWEST_TRADES * BLOCK_MINUTES)
        return tuple(listing.lot_size * part for part in lots)

    def _length(self, day: TradingDay, block: int) -> int:
        return min(BLOCK_MINUTES, day.minutes - block * BLOCK_MINUTES)

    def _day_lots(self, index: int, day: TradingDay) -> int:
        listing = self.listings[index]
        worth = _TRADE_WORTH / listing.price if listing.kind == "equity" else 0
        expected = day.minutes * self._trades_per_minute * max(_LOTS_PER_TRADE, worth)
        fewest = _FEWEST_TRADES * (day.minutes + BLOCK_MINUTES)
        return max(round(expected * self._curve.activity(index, day.date)), fewest)

    def _open_interest(self, index: int, day: TradingDay, minute: int) -> int:
        """Units open in a minute: it moves evenly from each day's first to the next day's."""
        listing = self.listings[index]
        if listing.expiry is None:
            return 0
        today, tomorrow = (self._interest_lots(listing, day.number + ahead) for ahead in (0, 1))
        return (today + (tomorrow - today) * minute // day.minutes) * listing.lot_size

    def _last_minute(self, index: int, day: TradingDay) -> int:
        """The number of the day's last traded minute."""
        block = (day.minutes - 1) // BLOCK_MINUTES
        traded = (place for place, bar in enumerate(self._curve.minutes(index, day, block)) if bar)
        return block * BLOCK_MINUTES + max(traded)

    def _interest_lots(self, listing: Listing, number: int) -> int:
        size = 0.5 + unit(self._seed, listing.seed, _INTEREST_CHANCE)
        return round(_OPEN_LOTS * size * (1 + 0.3 * drift(number / 4, self._seed, listing.seed, _INTEREST_CHANCE)))
