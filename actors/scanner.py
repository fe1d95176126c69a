"""The scanner: finds minutes that no interruption told of, by counting what should be there against what is."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

import anyio.lowlevel
import msgspec

from actors.records import MINUTE_NS, Records
from engine.market import Calendars, Candle, Session, Verdict
from engine.market.ledger import is_sound, sessions_until
from engine.storage.durable import ARCHIVED, DurableStore, ShortSession
from engine.storage.hot import HotStore

DAY_NS = 1_440 * MINUTE_NS
MARGIN_NS = 60 * MINUTE_NS
"""What leaves Redis next is not missed there, and not put back."""
CHUNK = 25
"""Instruments looked at in one go; between two the loop is others'."""


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """Minutes of one instrument, the first and the last of those that are missing or flagged; ns UTC."""

    instrument: str
    first_ns: int
    last_ns: int


class Scanner:
    """Expected minutes, less those present, less those decided about; over what Redis keeps and what PostgreSQL holds.

    An instrument's record begins with the first session that anything is known of: what was before, nobody asked for.
    What one store lacks and the other has is copied, not healed; also of days that the calendar does not cover, of which
    nothing else is expected.
    """

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        records: Records,
        calendars: Calendars,
        *,
        now_ns: Callable[[], int],
        retention_ns: int,
        settle_after_ns: int,
    ) -> None:
        self._hot = hot
        self._durable = durable
        self._records = records
        self._calendars = calendars
        self._now_ns = now_ns
        self._retention_ns = retention_ns
        self._settle_after_ns = settle_after_ns
        self._begun_ns: dict[str, int] = {}
        """Since when something is known of each instrument; looked for once a day, because the past may be filled."""
        self._searched_ns = 0

    async def doubts(
        self, instruments: Sequence[str], start_ns: int, end_ns: int, *, whole: bool = False
    ) -> AsyncIterator[list[Doubt]]:
        """What is doubtful of the minutes in [start, end), some instruments at a time.

        With ``whole`` all of it should be there, also what is older than an instrument's record. What is archived is not
        looked for. What is younger than save interval and grace is left to the writers, so that nobody races them. Raises
        StorageUnavailableError when a store is away.
        """
        now_ns, archived_ns = self._now_ns(), await self._durable.checkpoint(ARCHIVED)
        until_ns = min(end_ns, now_ns - self._settle_after_ns)
        if now_ns - self._searched_ns > DAY_NS:
            self._searched_ns = now_ns
            self._begun_ns.clear()
        for names in self._portions(instruments):
            begun_ns = start_ns if whole else min(self._begun_ns.get(name, start_ns) for name in names)
            calendar, from_ns = self._calendars.of(names[0]), max(start_ns, begun_ns)
            found = sessions_until(calendar, from_ns, end_ns, until_ns, known=False)
            least_ns = max(start_ns, archived_ns) if whole else archived_ns
            sessions = [
                msgspec.structs.replace(session, start_ns=max(session.start_ns, least_ns))
                for session in found
                if session.end_ns > archived_ns
            ]
            yield await self._of_portion(names, sessions, whole=whole) if sessions else []

    def _portions(self, instruments: Sequence[str]) -> Iterator[list[str]]:
        """Instruments of one exchange, as many as one question takes."""
        exchanges: defaultdict[str, list[str]] = defaultdict(list)
        for instrument in sorted(instruments):
            exchanges[instrument.partition(":")[0]].append(instrument)
        for names in exchanges.values():
            for start in range(0, len(names), CHUNK):
                yield names[start : start + CHUNK]

    async def _of_portion(self, names: Sequence[str], sessions: Sequence[Session], *, whole: bool) -> list[Doubt]:
        short = {(one.instrument, one.session): one for one in await self._durable.short_sessions(names, sessions)}
        calendar = self._calendars.of(names[0])
        decided = await self._durable.verdicts(names, sessions[0].start_ns, sessions[-1].end_ns)
        kept_ns = self._now_ns() - self._retention_ns + MARGIN_NS
        doubts: list[Doubt] = []
        for session in sessions:
            kept = session.end_ns > kept_ns
            hot = await self._hot_minutes(names, session) if kept else {}
            for name in names:
                lacks, minutes = short.get((name, session)), hot.get(name, ())
                begun = whole or self._has_begun(name, session, lacks, minutes)
                if begun and (kept or lacks):
                    wanted = self._undecided(session, decided.get(name, ()))
                    is_short = lacks is not None
                    doubt = await self._of_session(name, session, wanted, minutes, kept_ns, is_short=is_short)
                    doubts += [doubt] if doubt is not None and calendar.covers(session.date) else []
            await anyio.lowlevel.checkpoint()
        if not whole:
            for name in names:
                self._begun_ns.setdefault(name, sessions[-1].start_ns)
        return doubts

    async def _hot_minutes(self, names: Sequence[str], session: Session) -> dict[str, list[Candle]]:
        return await self._hot.candles_many(names, "1m", session.start_ns, session.end_ns)

    def _has_begun(self, name: str, session: Session, lacks: ShortSession | None, hot: Sequence[Candle]) -> bool:
        begun_ns = self._begun_ns.get(name)
        if begun_ns is None and (hot or lacks is None or lacks.missing < lacks.expected):
            begun_ns = self._begun_ns[name] = session.start_ns
        return begun_ns is not None and session.start_ns >= begun_ns

    @staticmethod
    def _undecided(session: Session, verdicts: Iterable[Verdict]) -> set[int]:
        """The minutes of a session that should be there."""
        wanted = set(range(session.start_ns, session.end_ns, MINUTE_NS))  # sessions begin and end with whole minutes
        for verdict in verdicts:
            if verdict.start_ns < session.end_ns and verdict.end_ns > session.start_ns:
                wanted.difference_update(range(verdict.start_ns, verdict.end_ns, MINUTE_NS))
        return wanted

    async def _of_session(
        self, name: str, session: Session, wanted: set[int], hot: Sequence[Candle], kept_ns: int, *, is_short: bool
    ) -> Doubt | None:
        """Redis is expected to hold the minutes from ``kept_ns`` on."""
        written = _sound(hot)
        unwritten = {time for time in wanted - written if time >= kept_ns}
        if not unwritten and not is_short:
            return None
        rows = await self._records.saved(name, "1m", session.start_ns, session.end_ns)
        saved = _sound(rows)
        if unwritten & saved or (written & wanted) - saved:
            await self._records.level(name, session.start_ns, session.end_ns, kept_ns=kept_ns)
        lacking = wanted - _believed([*rows, *hot])
        return Doubt(name, min(lacking), max(lacking)) if lacking else None


def _sound(minutes: Iterable[Candle]) -> set[int]:
    return {candle.time for candle in minutes if is_sound(candle)}


def _believed(minutes: Iterable[Candle]) -> set[int]:
    """The minutes that are sound in the newest revision of them; where both stores have that, a flag in either counts."""
    newest: dict[int, Candle] = {}
    for candle in minutes:
        known = newest.get(candle.time)
        if known is None or (candle.revision, not is_sound(candle)) > (known.revision, not is_sound(known)):
            newest[candle.time] = candle
    return _sound(newest.values())
