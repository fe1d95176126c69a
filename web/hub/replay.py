"""Resuming: everything that happened since a client's position, in order and once, or the word that it can not be had."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import msgspec

from engine.market.candle import Candle
from web.hub.feed import CandleEvent, Event, StatusEvent
from web.hub.hub import Hub, topic_key
from web.hub.resumption import Resumption
from web.hub.topic import TopicKey
from web.protocol import CandleValue, Channel, Kind, Notice, Position, Status

REPLAY_BUDGET = 1024 * 1024
"""Bytes that one resuming client may be sent at once; who missed more begins anew with a snapshot."""

StreamValue = CandleValue | Status | Notice
TELLING_MS = 10_000
"""Longest time from a candle's being published, which is written with it, to the entry that tells of it."""


class Replay:
    """The entries since the oldest position of some resumptions, sorted out for each of them while they are read.

    With ``stored_from`` the stream does not reach back to those positions: its entries after that id come on top of
    candles that ``add_stored`` was given, and of each candle only the newest revision is told, without an offset; at the end
    it is said which position that makes. What was told in the last seconds before a position may then be told again: when
    exactly a stored candle was told to clients nobody knows.
    """

    def __init__(self, resumptions: list[Resumption], stored_from: str | None = None) -> None:
        self._resumptions = resumptions
        self._stored_from = stored_from
        self._kept: dict[TopicKey, list[tuple[str, StreamValue]]] = {}
        self._closes: dict[tuple[str, str], Sequence[Candle]] = {}
        self._entries: dict[TopicKey, list[tuple[str, StreamValue]]] = {
            _source(channel, instrument): [] for one in resumptions for channel, instrument in one.channels
        }

    def joined(self) -> Iterator[tuple[str, str, str]]:
        """Instrument, timeframe and position of channels whose entries go on from closes before them."""
        for one in self._resumptions:
            for channel, instrument in one.channels:
                if channel.view is not None and channel.view.continuous:
                    yield instrument, channel.timeframe, one.since.offset

    def begin(self, instrument: str, timeframe: str, candles: Sequence[Candle]) -> None:
        """What had closed by the time an entry came, or since: the entries themselves know better."""
        self._closes[instrument, timeframe] = candles

    @property
    def start(self) -> str | None:
        """From where the stream is to be read; None when nothing is asked for."""
        if self._stored_from is not None:
            return self._stored_from
        return min((one.since.offset for one in self._resumptions), key=order, default=None)

    def add(self, offset: str, event: Event) -> None:
        """Takes the next entry of the stream; those nobody asked for are not kept."""
        for key, value in _values(event):
            entries = self._entries.get(key)
            if entries is not None:
                entries.append((offset, value))

    def add_stored(self, offset: str, value: CandleValue) -> None:
        """Takes a candle that the stores hold; ``offset`` is made of when it was published."""
        key = (Kind.CANDLE, value.symbol, value.timeframe)
        if key in self._entries:
            self._kept.setdefault(key, []).append((offset, value))

    def finish(self, hub: Hub) -> None:
        """Puts everything before the clients at once, so that it joins on to what comes live after the hub's position."""
        position = hub.position
        assert position is not None
        for one in self._resumptions:
            if not one.cancelled:
                self._resume(hub, one, position)

    def _resume(self, hub: Hub, one: Resumption, position: Position) -> None:
        payloads = self._missed(hub, one, position)
        if sum(map(len, payloads)) > REPLAY_BUDGET:
            refuse(hub, one)
            return
        _tell(one, one.since, recovered=True)
        one.outbox.replay(payloads)
        _follow(hub, one)
        self._close(hub, one)

    def _close(self, hub: Hub, one: Resumption) -> None:
        """What the client has been told is final must not form again by what the store still shows as the newest."""
        for channel, instrument in one.channels:
            if channel.kind is Kind.CANDLE:
                told = (
                    value.time
                    for _, value in self._entries[_source(channel, instrument)]
                    if isinstance(value, CandleValue)
                )
                hub.close_until(channel, instrument, max((*told, *one.seen), default=-1))

    def _missed(self, hub: Hub, one: Resumption, position: Position) -> list[bytes]:
        """What the client's channels carried after its position and up to the hub's, as it reads it."""
        first, last = order(one.since.offset), order(position.offset)
        if self._stored_from is not None:
            first = (0, 0)  # stored candles may have been published a moment before
        followed = one.outbox.instruments.union(instrument for _, instrument in one.channels)
        missed = [
            (order(offset), offset, value, channel, instrument)
            for channel, instrument in one.channels
            for offset, value in self._shown(hub, one, channel, instrument)
            if first < order(offset) <= last
            and (value.symbol is None or value.symbol in followed)
            and not one.knows(value)
        ]
        dialect, encoding = one.outbox.conversation.dialect, one.outbox.conversation.encoding
        pushes = [
            dialect.renders[channel.kind](channel, instrument, value, offset if self._stored_from is None else None)
            for _, offset, value, channel, instrument in sorted(missed, key=itemgetter(0))
        ]
        if self._stored_from is not None:
            pushes += dialect.position(position)
        return [dialect.part(encoding, push) for push in pushes]

    def _since(self, one: Resumption, key: TopicKey) -> list[tuple[str, StreamValue]]:
        """What the stores and the stream know of a topic after a client's position; of candles the newest of each."""
        position = order(one.since.offset)
        entries = [entry for entry in self._entries[key] if order(entry[0]) > position]
        if key[0] is not Kind.CANDLE:
            return entries
        told = position[0] - TELLING_MS, 0
        return _newest([*(entry for entry in self._kept.get(key, ()) if order(entry[0]) > told), *entries])

    def _shown(self, hub: Hub, one: Resumption, channel: Channel, instrument: str) -> Iterator[tuple[str, StreamValue]]:
        """What a client has missed of a channel, as its view shows it."""
        key = _source(channel, instrument)
        entries = self._entries[key] if self._stored_from is None else self._since(one, key)
        shown = None if channel.view is None else hub.shown(channel, instrument)
        if shown is not None:
            shown.begin(self._closes.get((instrument, channel.timeframe), ()))
        for offset, value in entries:
            if shown is None or not isinstance(value, CandleValue):
                yield offset, value
            else:
                shown.closed(value)
                yield offset, shown.of(value)


def _newest(entries: Sequence[tuple[str, StreamValue]]) -> list[tuple[str, StreamValue]]:
    """Of each candle the newest revision, in the order of their opens."""
    newest: dict[int, tuple[str, CandleValue]] = {}
    for offset, value in entries:
        if isinstance(value, CandleValue):
            known = newest.get(value.time)
            if known is None or value.revision > known[1].revision:
                newest[value.time] = offset, value
    return [newest[time] for time in sorted(newest)]


def _source(channel: Channel, instrument: str) -> TopicKey:
    """Where the entries of a channel come from, whatever view it is followed by."""
    return topic_key(msgspec.structs.replace(channel, view=None), instrument)


def refuse(hub: Hub, one: Resumption) -> None:
    """Tells a client that what it missed can not be had, and lets it begin anew with a snapshot."""
    if not one.cancelled:
        _tell(one, hub.position, recovered=False)
        _follow(hub, one)


def _follow(hub: Hub, one: Resumption) -> None:
    if not one.outbox.closed:
        for channel, instrument in one.channels:
            hub.follow(one.outbox, channel, instrument)
        if any(channel.kind is Kind.STATUS for channel, _ in one.channels):
            hub.show_statuses(one.outbox)
    one.done()


def _tell(one: Resumption, position: Position | None, *, recovered: bool) -> None:
    conversation = one.outbox.conversation
    answer = msgspec.structs.replace(one.answer, position=position, recovered=recovered)
    one.outbox.send(conversation.frame(*conversation.dialect.subscribed(answer)))


def order(offset: str) -> tuple[int, int]:
    """The place of an entry in the stream: ids are ``milliseconds-number``."""
    milliseconds, _, number = offset.partition("-")
    return int(milliseconds), int(number or 0)


def _values(event: Event) -> Iterator[tuple[TopicKey, StreamValue]]:
    """What an entry says, and of which topics."""
    if isinstance(event, CandleEvent):
        yield (Kind.CANDLE, event.symbol, event.timeframe), event.value
        return
    if not isinstance(event, StatusEvent):
        value = event.notice
        for owner in value.owners:
            yield (event.topic, owner, ""), value
        return
    for status in event.values:
        yield (Kind.STATUS, "", ""), status
        if status.symbol is not None:
            yield (Kind.STATUS, status.symbol, ""), status
