"""The hub: the newest value of everything clients follow, and one loop that writes to all of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.market.candle import Candle
from web.hub.outbox import Outbox
from web.hub.shown import CalendarOf, Shown, around_the_clock
from web.hub.topic import Topic, TopicKey, View
from web.protocol import (
    CandleValue,
    ChainValue,
    Channel,
    Code,
    DepthValue,
    Kind,
    Notice,
    Position,
    PriceValue,
    Problem,
    Status,
)

if TYPE_CHECKING:
    from web.hub.resumption import Resumption

_SAME_VALUE: dict[Kind, Kind] = dict.fromkeys((Kind.DATA, Kind.TICK, Kind.QUOTE, Kind.SCREENER), Kind.LTP)
"""Kinds of channel that read another kind's topic."""

NOTICES = frozenset({Kind.JOBS, Kind.ALERTS, Kind.ORDERS, Kind.SYS, Kind.SCREENING})
"""Kinds of channel that are about no instrument; in the instrument's place stands whose they are, or which screener."""


class HubStatistics(msgspec.Struct, frozen=True):
    """What the hub holds, and what became of the pushes to its clients, those that left included."""

    clients: int
    topics: int
    delivered: int
    conflated: int
    """Pushes that clients were too slow for and that newer ones replaced."""
    dropped: int
    superseded: int
    """Values that newer ones replaced before any client could be sent them."""


class _Gone:
    """The counts of clients and topics that are no more."""

    delivered = 0
    skipped = 0
    dropped = 0
    superseded = 0


def topic_key(channel: Channel, instrument: str) -> TopicKey:
    """Where the values of a channel come from; ``status`` without a symbol is one topic for all."""
    if channel.kind is Kind.STATUS and not channel.symbol:
        return (Kind.STATUS, "", "")
    if channel.kind in NOTICES:
        return (channel.kind, channel.symbol, "")
    if channel.view is not None:
        return (channel.kind, instrument, f"{channel.timeframe}?{channel.view}")
    return (_SAME_VALUE.get(channel.kind, channel.kind), instrument, channel.timeframe or channel.expiry)


class Hub:
    """Takes values and entries of streams in, and puts them before the outboxes of those that follow them.

    Everything here is plain and immediate: no waiting, no message per client. ``position`` is the last entry of the
    events stream that was taken in; None until the subscriber has read where it stands.
    """

    def __init__(self, calendar_of: CalendarOf = around_the_clock, data_kind: str = "live") -> None:
        self.position: Position | None = None
        self.status = Status("degraded", 0, "starting")
        self._topics: dict[TopicKey, Topic] = {}
        self._kinds = Counter[Kind]()
        """How many topics there are of each."""
        self._calendar_of = calendar_of
        self._data_kind = data_kind
        self._shown: dict[tuple[str, str], dict[TopicKey, Shown]] = {}
        """By instrument and timeframe, the views through which candles are followed."""
        self._changed: dict[Topic, None] = {}
        self._bare: dict[Topic, None] = {}
        self._outboxes: dict[Outbox, None] = {}
        self._gone = _Gone()
        self._statuses: dict[str, Status] = {}
        """The newest of each feed: who begins to follow ``status`` is told how they are."""
        self._symbols: dict[str, Status] = {}
        """The newest of each instrument that the engine carries."""
        self.resumptions: list[Resumption] = []
        """Wishes to resume that nobody has looked at yet."""
        self.version = 0
        """Counts the changes in what is followed."""

    def join(self, outbox: Outbox) -> None:
        self._outboxes[outbox] = None

    def leave(self, outbox: Outbox) -> None:
        """Forgets a client and all it follows; to be called as often as one likes."""
        for view in tuple(outbox.marks):
            self._unfollow(outbox, view)
        if self._outboxes.pop(outbox, self) is None:
            self._gone.delivered += outbox.delivered
            self._gone.skipped += outbox.skipped
            self._gone.dropped += outbox.dropped

    @property
    def outboxes(self) -> tuple[Outbox, ...]:
        return tuple(self._outboxes)

    def follow(self, outbox: Outbox, channel: Channel, instrument: str) -> Topic:
        """Puts a channel before a client: its newest value first, or as soon as there is one."""
        topic = self._topic(topic_key(channel, instrument))
        if channel.view is not None:
            views = self._shown.setdefault((instrument, channel.timeframe), {})
            if topic.key not in views:
                views[topic.key] = self.shown(channel, instrument)
        conversation = outbox.conversation
        view = topic.view(channel, conversation.dialect, conversation.encoding)
        if view not in outbox.marks:
            outbox.follow(view)
        return topic

    def show_statuses(self, outbox: Outbox) -> None:
        """The snapshot of a client that begins to follow statuses, to come after the answer.

        With ``status`` it is told how each feed is, and each instrument it follows.
        """
        for view in outbox.marks:
            if view.channel.kind is Kind.STATUS:
                named = {view.topic.instrument} if view.topic.instrument else outbox.instruments
                known = [self._symbols[name] for name in sorted(named) if name in self._symbols]
                feeds = () if view.topic.instrument else self._statuses.values()
                for status in (*feeds, *known):
                    outbox.push(view.write(status, None))

    def status_of(self, instrument: str | None) -> Status | None:
        """How an instrument is; None when that is not known."""
        return self._symbols.get(instrument or "")

    def unfollow(self, outbox: Outbox, name: str) -> bool:
        """Ends what a client wrote as ``name``; False when it follows no such channel."""
        views = [view for view in outbox.marks if view.channel.name == name]
        for view in views:
            self._unfollow(outbox, view)
        return bool(views)

    def put_price(self, value: PriceValue) -> None:
        """A newer price; ignored when nobody follows it."""
        topic = self._topics.get((Kind.LTP, value.symbol, ""))
        if topic is None:
            return
        known = topic.value
        if value.previous_close is None and isinstance(known, PriceValue):
            value.previous_close = known.previous_close
        if topic.put(value):
            self._changed[topic] = None

    def put_quote(self, value: PriceValue) -> None:
        """A price read from the store, which may be older than what came by the channel meanwhile."""
        topic = self._topics.get((Kind.LTP, value.symbol, ""))
        known = None if topic is None else topic.value
        if not isinstance(known, PriceValue) or value.follows(known):
            self.put_price(value)
        elif known.previous_close is None:
            known.previous_close = value.previous_close

    def put_forming(self, value: CandleValue) -> None:
        """A forming candle; ignored when nobody follows it or its bucket is closed."""
        for topic, shown in self._candles(value):
            if value.time > topic.closed_ns and (shown is None or shown.ready):
                known = topic.value
                if shown is not None and isinstance(known, CandleValue) and known.time < value.time:
                    shown.closed(known)  # its final word may come after the next candle's first
                if topic.put(value if shown is None else shown.of(value)):
                    self._changed[topic] = None

    def put_chain(self, value: ChainValue) -> None:
        """A newer instant of an option chain; ignored when nobody follows it."""
        topic = self._topics.get((Kind.CHAIN, value.symbol, value.expiry))
        known = None if topic is None else topic.value
        if topic is None or (isinstance(known, ChainValue) and known.as_of_ms >= value.as_of_ms):
            return
        if topic.put(value):
            self._changed[topic] = None

    def put_depth(self, value: DepthValue) -> None:
        """A newer book; ignored when nobody follows it."""
        topic = self._topics.get((Kind.DEPTH, value.symbol, ""))
        known = None if topic is None else topic.value
        if topic is None or (isinstance(known, DepthValue) and known.ts_recv_ms >= value.ts_recv_ms):
            return
        value.data_kind = self._data_kind
        if topic.put(value):
            self._changed[topic] = None

    def begun(self, candles: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of some instruments and timeframes that a view follows which does not know what came before."""
        return [place for place in candles if any(not shown.ready for shown in self._shown.get(place, {}).values())]

    def put_closes(self, instrument: str, timeframe: str, candles: Iterable[Candle]) -> None:
        """What had closed before views began to be followed: they show no forming candle before they know it."""
        for shown in self._shown.get((instrument, timeframe), {}).values():
            shown.begin(candles)

    def shown(self, channel: Channel, instrument: str) -> Shown:
        """What shows candles as a channel wants them, with all that is known of what they go on from."""
        assert channel.view is not None
        fresh = Shown(channel.view, self._calendar_of(instrument), channel.timeframe)
        known = self._shown.get((instrument, channel.timeframe), {}).get(topic_key(channel, instrument))
        if known is not None:
            fresh.join(known)
        return fresh

    def close_until(self, channel: Channel, instrument: str, time_ns: int) -> None:
        """Followers of a candle channel know that the bucket which opens then is closed."""
        topic = self._topics.get(topic_key(channel, instrument))
        if topic is not None:
            topic.closed_ns = max(topic.closed_ns, time_ns)

    def begin_epoch(self) -> None:
        """Another engine, or the same one again, maybe with another clock: what was closed for it is closed no more.

        Nor is an option chain newer than what comes from now on.
        """
        for topic in self._topics.values():
            topic.closed_ns = -1
        self.forget(Kind.CHAIN)
        self._symbols = {}

    def forget(self, kind: Kind) -> None:
        """The newest values of a kind are newer than nothing that comes from now on: who tells them has another clock."""
        for topic in self.topics(kind):
            topic.clear()
            self._changed.pop(topic, None)

    def publish_candle(self, value: CandleValue, offset: str) -> None:
        """A final or revised candle from the stream."""
        for topic, shown in self._candles(value):
            topic.closed_ns = max(topic.closed_ns, value.time)
            forming = topic.value
            if isinstance(forming, CandleValue) and forming.time <= topic.closed_ns:
                topic.clear()
                self._changed.pop(topic, None)
            if shown is not None:
                shown.closed(value)
            topic.stream(value if shown is None else shown.of(value), offset)

    def publish_notice(self, kind: Kind, value: Notice, offset: str) -> None:
        """An entry of the stream about a job, or an alert, to those whose it is."""
        for owner in value.owners:
            topic = self._topics.get((kind, owner, ""))
            if topic is not None:
                topic.stream(value, offset)

    def put_system(self, value: Notice) -> None:
        """How the processes are now."""
        topic = self._topics.get((Kind.SYS, "", ""))
        if topic is not None and topic.put(value):
            self._changed[topic] = None

    def publish_statuses(self, values: Sequence[Status], offset: str | None) -> None:
        """An entry of the stream: how a feed is, or some instruments for the same reason."""
        for value in values:
            if value.symbol is None:
                self._statuses[value.feed or ""] = value
                self._pass_on(value, offset)
        self._publish_symbols({value.symbol: value for value in values if value.symbol is not None}, offset)

    def put_statuses(self, statuses: Iterable[Status]) -> None:
        """How all feeds are, read from the store: who follows ``status`` is told what the stream has not told."""
        known, self._statuses = self._statuses, {}
        for status in statuses:
            before = known.get(status.feed or "")
            if before is None or status.since_ms > before.since_ms:
                self._statuses[status.feed or ""] = status
                self._pass_on(status, None)
            else:
                self._statuses[status.feed or ""] = before

    def put_symbols(self, statuses: Mapping[str, Status]) -> None:
        """How all instruments are, read from the store; followers are told what the stream has not told."""
        known = self._symbols
        self._symbols = {
            name: known[name] if name in known and known[name].since_ms >= status.since_ms else status
            for name, status in statuses.items()
        }
        changed = [
            name for name, status in self._symbols.items() if name not in known or known[name].status != status.status
        ]
        self._publish_symbols({name: self._symbols[name] for name in changed}, None)

    def tell_all(self, status: Status) -> None:
        """A status every client is told, whatever it follows."""
        self.status = status
        for outbox in self._outboxes:
            conversation = outbox.conversation
            outbox.send(conversation.frame(conversation.dialect.status(status)))

    def tell_followers(self, topics: Iterable[Topic], code: Code, message: str) -> None:
        """A problem of some topics, to each client that follows them, under the channel and symbol as the client wrote them."""
        for view in [view for topic in topics for view in topic.views.values()]:
            channel = view.channel
            problem = Problem(code, message, temporary=True, symbol=channel.symbol, channel=channel.name)
            for outbox in tuple(view.followers):
                outbox.send_problem(problem)

    def tell_all_to_begin_anew(self) -> None:
        """Entries of the stream were lost: nobody may go on as if nothing had happened."""
        for outbox in self._outboxes:
            conversation = outbox.conversation
            outbox.send(conversation.frame(*conversation.dialect.lost(self.position)))

    def distribute(self) -> None:
        """Writes what changed since the last time, once per view, and puts it before the followers."""
        changed, self._changed = self._changed, {}
        for topic in changed:
            topic.distribute()

    def take_bare(self) -> list[Topic]:
        """The topics that were followed since the last call and had no value to begin with."""
        bare, self._bare = self._bare, {}
        return [topic for topic in bare if topic.views]

    def follows(self, kind: Kind) -> bool:
        """Whether anybody follows anything of a kind."""
        return self._kinds[kind] > 0

    def topics(self, kind: Kind | None = None) -> list[Topic]:
        """What is followed now, of one kind or of all."""
        return [topic for topic in self._topics.values() if kind is None or topic.key[0] is kind]

    def statistics(self) -> HubStatistics:
        """In a time that does not grow with what clients follow."""
        return HubStatistics(
            clients=len(self._outboxes),
            topics=len(self._topics),
            delivered=self._gone.delivered + sum(outbox.delivered for outbox in self._outboxes),
            conflated=self._gone.skipped + sum(outbox.skipped for outbox in self._outboxes),
            dropped=self._gone.dropped + sum(outbox.dropped for outbox in self._outboxes),
            superseded=self._gone.superseded + sum(topic.superseded for topic in self._topics.values()),
        )

    def _publish_symbols(self, statuses: Mapping[str, Status], offset: str | None) -> None:
        """To those who follow the status of an instrument, and to those who follow ``status`` and the instrument."""
        self._symbols |= statuses
        for name, status in statuses.items():
            topic = self._topics.get((Kind.STATUS, name, ""))
            if topic is not None:
                topic.stream(status, offset)
        everyone = self._topics.get((Kind.STATUS, "", ""))
        for view in () if everyone is None else tuple(everyone.views.values()):
            for follower in view.followers:
                for name in sorted(follower.instruments & statuses.keys()):
                    follower.push(view.write(statuses[name], offset))

    def _pass_on(self, status: Status, offset: str | None) -> None:
        topic = self._topics.get((Kind.STATUS, "", ""))
        if topic is not None:
            topic.stream(status, offset)

    def _topic(self, key: TopicKey) -> Topic:
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic(key)
            self._kinds[key[0]] += 1
            self.version += 1
            self._bare[topic] = None
        return topic

    def _candles(self, value: CandleValue) -> Iterator[tuple[Topic, Shown | None]]:
        """Where a candle goes: as it is, and through each view that somebody follows it by."""
        plain = self._topics.get((Kind.CANDLE, value.symbol, value.timeframe))
        if plain is not None:
            yield plain, None
        for key, shown in tuple(self._shown.get((value.symbol, value.timeframe), {}).items()):
            yield self._topics[key], shown

    def _unfollow(self, outbox: Outbox, view: View) -> None:
        topic = view.topic
        outbox.unfollow(view)
        if not topic.views:
            if self._topics.pop(topic.key, None) is not None:
                self._kinds[topic.key[0]] -= 1
            self._forget_shown(topic)
            self._gone.superseded += topic.superseded
            self.version += 1
            self._changed.pop(topic, None)

    def _forget_shown(self, topic: Topic) -> None:
        place = topic.instrument, topic.timeframe
        views = self._shown.get(place, {})
        if views.pop(topic.key, None) is not None and not views:
            self._shown.pop(place)


def followed(topics: Iterable[Topic]) -> list[str]:
    """The instruments of some topics, each once."""
    return list(dict.fromkeys(topic.instrument for topic in topics))
