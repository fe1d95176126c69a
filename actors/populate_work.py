"""The populate job: a provider's instrument list, read portion by portion and written into the tables."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Literal

import anyio
import msgspec
import structlog

from actors.job_arguments import JobError
from engine.providers.base import Advice, ProviderError
from engine.providers.master import MasterRow
from engine.seeding import (
    FORMATS,
    PORTIONS,
    ListFolder,
    MasterFile,
    SeedBook,
    Selection,
    exchanges,
    known_instruments,
    mapped_by_rule,
    mapping_of,
    share_of,
)
from engine.seeding.conflicts import other_meanings, other_terms, repeated, taken_over
from engine.storage.durable import DurableStore, MappingConflict

log = structlog.get_logger("ticktree.populate")

SHOWN = 3
"""Bad lines that the job's own words name; the log has the first hundred."""

What = Literal["exchanges", "instruments", "mappings"]


class PopulateArguments(msgspec.Struct, frozen=True):
    """What is filled, and from which list."""

    what: What
    provider: str
    day: date
    """Of the job's beginning: what it finds holds from then on, also when it ends after midnight."""
    file: str = ""
    """The list's name in the folder; empty where none is read."""
    size: int = 0
    """Its bytes; 0 for one that is fetched."""
    exchanges: tuple[str, ...] | None = None
    underlyings: tuple[str, ...] | None = None
    symbols: tuple[str, ...] = ()
    """Shares to add by their names alone, where no list is read."""

    @property
    def selection(self) -> Selection:
        """What of the list is taken up."""
        return Selection(self.day, _set(self.exchanges), _set(self.underlyings))


class ExchangesWork:
    """The exchanges that come with the program, in one step. What an administrator added stays."""

    def __init__(self, durable: DurableStore, *, around_the_clock: bool) -> None:
        self._durable = durable
        self._around_the_clock = around_the_clock

    def __len__(self) -> int:
        return 1

    async def step(self, number: int) -> str:
        assert number == 0
        known = exchanges(around_the_clock=self._around_the_clock)
        await self._durable.seed(known, [], [])
        return f"{len(known)} exchanges"


class ListingWork:
    """What the simulated exchange lists itself, in one step."""

    def __init__(
        self, what: What, durable: DurableStore, listing: Callable[[], SeedBook], done: Callable[[], None]
    ) -> None:
        self._what = what
        self._durable = durable
        self._listing = listing
        self._done = done

    def __len__(self) -> int:
        return 1

    async def step(self, number: int) -> str:
        assert number == 0
        book = await anyio.to_thread.run_sync(self._listing)
        if self._what == "instruments":
            await self._durable.seed([], book.instruments, [])
        else:
            known = await self._durable.listed([mapping.instrument for mapping in book.mappings])
            await self._durable.seed([], [], [one for one in book.mappings if one.instrument in known])
        self._done()
        return f"the simulated exchange lists {len(book.instruments)} instruments"


class RuleWork:
    """Instruments and names of a provider that publishes no list, in one step: both follow from rules."""

    def __init__(self, arguments: PopulateArguments, durable: DurableStore, done: Callable[[], None]) -> None:
        self._arguments = arguments
        self._durable = durable
        self._done = done

    def __len__(self) -> int:
        return 1

    async def step(self, number: int) -> str:
        assert number == 0
        said = await (self._add_instruments() if self._arguments.what == "instruments" else self._add_mappings())
        self._done()
        return said

    async def _add_instruments(self) -> str:
        wanted, codes = self._arguments, {exchange.code for exchange in await self._durable.exchanges()}
        known = [*known_instruments(wanted.provider, wanted.selection.exchanges), *map(share_of, wanted.symbols)]
        there = [one for one in known if one.exchange in codes]
        await self._durable.seed([], there, [])
        return f"{len(there)} instruments; {len(known) - len(there)} without exchange here"

    async def _add_mappings(self) -> str:
        wanted, listed = self._arguments, await self._durable.instruments()
        mappings = mapped_by_rule(wanted.provider, listed, wanted.selection.exchanges)
        await self._durable.seed([], [], mappings)
        return f"{len(mappings)} of {len(listed)} instruments are mapped by rule"


class MasterWork:
    """A list of a provider: fetched or found, read in a hundred portions, and what has expired is retired.

    Every step may be repeated: rows are written by their names, and a portion is read again from the list itself.
    """

    def __init__(
        self, arguments: PopulateArguments, durable: DurableStore, lists: ListFolder, done: Callable[[], None]
    ) -> None:
        self._arguments = arguments
        self._durable = durable
        self._lists = lists
        self._done = done
        self._file = MasterFile(
            lists.path(arguments.file), FORMATS[arguments.provider], arguments.selection, size=arguments.size
        )
        self._without = 0
        """Rows that found nothing to belong to, since this engine is at it."""
        self._conflicts = 0

    def __len__(self) -> int:
        return PORTIONS + 2

    async def step(self, number: int) -> str:
        try:
            if number == 0:
                return await self._fetch()
            if number <= PORTIONS:
                return await self._write(number - 1)
            return await self._finish()
        except ProviderError as error:
            if error.advice is Advice.FIX_REQUEST:
                raise JobError(str(error)) from error
            raise

    async def _fetch(self) -> str:
        if self._arguments.size:
            return f"{self._arguments.file}: {self._arguments.size:,} bytes"
        fetch = partial(self._lists.fetch, self._arguments.provider, self._arguments.file)
        size = await anyio.to_thread.run_sync(
            fetch, abandon_on_cancel=True
        )  # an engine that stops does not wait for it
        return f"fetched {size:,} bytes"

    async def _write(self, portion: int) -> str:
        rows = await self._read(portion)
        if self._arguments.what == "instruments":
            await self._add_instruments(rows)
        else:
            await self._add_mappings(rows)
        return str(self._file.reading().lines)

    async def _read(self, portion: int) -> list[MasterRow]:
        return await anyio.to_thread.run_sync(partial(self._file.portion, portion))

    async def _add_instruments(self, rows: Sequence[MasterRow]) -> None:
        """Of exchanges that are looked after here: an administrator may have retired one."""
        codes = {exchange.code for exchange in await self._durable.exchanges()}
        there = [row for row in rows if row.instrument.exchange in codes]
        known = await self._durable.named_instruments([row.instrument.canonical for row in there])
        others = other_meanings(there, known)
        await self._note([*others, *other_terms(there, known)])
        unclear = {conflict.instrument for conflict in others}
        wanted = [row.instrument for row in there if row.instrument.canonical not in unclear]
        await self._durable.seed([], wanted, [])
        self._without += len(rows) - len(there)

    async def _add_mappings(self, rows: Sequence[MasterRow]) -> None:
        """Of instruments that are looked after here: a list has many times more than anybody follows."""
        known = await self._durable.listed([row.instrument.canonical for row in rows])
        there = [row for row in rows if row.instrument.canonical in known]
        provider, day = self._arguments.provider, self._arguments.day
        tokens = [(row.segment, row.security_id) for row in there]
        holders = await self._durable.token_holders(provider, tokens, day)
        await self._note(taken_over(there, holders, day))
        await self._durable.seed([], [], [mapping_of(row, provider, day) for row in there])
        self._without += len(rows) - len(there)

    async def _note(self, conflicts: Sequence[MappingConflict]) -> None:
        """A provider's first list finds nobody whose conflicts could be kept, and has none."""
        await self._durable.note_conflicts(self._arguments.provider, self._arguments.day, conflicts)
        self._conflicts += len(conflicts)

    async def _finish(self) -> str:
        await self._read(PORTIONS - 1)  # when another engine read the portions before, the words are still about all
        told, without = self._file.reading(), "exchange" if self._arguments.what == "instruments" else "instrument"
        retired = await self._durable.retire_expired(self._arguments.day)
        await self._note(repeated(told.lines.repeated))
        self._conflicts -= await self._durable.forget_moved(self._arguments.provider, self._arguments.day)
        for bad in told.lines.bad_lines:
            log.warning("master_line_bad", file=self._arguments.file, line=bad.number, reason=bad.reason)
        self._lists.discard(self._arguments.file)
        self._done()
        bad_ones = "".join(f"; line {bad.number}: {bad.reason[:80]}" for bad in told.lines.bad_lines[:SHOWN])
        return (
            f"{told.lines}; {told.left_out:,} not asked for, {told.expired:,} expired, {self._without:,} without "
            f"{without} here; {retired:,} instruments retired{bad_ones}{self._to_look_at()}"
        )

    def _to_look_at(self) -> str:
        return f"; {self._conflicts:,} conflicts to look at" if self._conflicts > 0 else ""


def _set(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
