"""The screener dialect (``type``): the newest prices of many keys, as single updates or as one batch."""

from collections.abc import Mapping, Sequence

from web.protocol.channels import Channel, Item, Kind, screening_channel
from web.protocol.dialect import Message, Render
from web.protocol.encoding import Encoding
from web.protocol.errors import RequestError
from web.protocol.messages import Command, Outcome, Subscribe, Subscribed, Unsubscribe
from web.protocol.requests import LONGEST_NAME
from web.protocol.typed import KEY, TypedDialect
from web.protocol.values import Notice, PriceValue, Value

DASHBOARD = "dashboard_updates"
UPDATE = "screener_ltp_update"
KEYS_PER_REQUEST = 1_000
SCREENERS_PER_REQUEST = 100
STREAM = "stream"
"""The source of prices that came from a feed as they changed."""


def ltp_update(symbol: str, instrument: str, place: str, ltp: float, ts_ms: int, *, source: str = STREAM) -> Message:
    """``screener_ltp_update``: ``place`` is the ``SEGMENT:ID`` the price is kept at, ``ts_ms`` in milliseconds UTC."""
    segment, _, security_id = place.partition(":")
    return {
        KEY: UPDATE,
        "symbol": symbol,
        "instrument_id": instrument,
        "ltp": ltp,
        "timestamp": ts_ms,
        "source": source,
        "segment": segment,
        "security_id": security_id,
    }


def ltp_batch(updates: Sequence[Message]) -> Message:
    """``screener_ltp_batch_update``: several of them."""
    return {KEY: "screener_ltp_batch_update", "updates": list(updates)}


def render_update(channel: Channel, instrument: str, value: Value, _offset: str | None) -> Message:
    """The newest price, under the key as the client wrote it."""
    assert isinstance(value, PriceValue)
    return ltp_update(channel.symbol, instrument, channel.place, value.price, value.ts_event // 1_000_000)


class Whole(bytes):
    """What can not be joined with prices: a frame of its own."""


def render_run(_channel: Channel, _instrument: str, value: Value, _offset: str | None) -> Message:
    """``screener_progress`` and ``screener_complete``, as they were told."""
    assert isinstance(value, Notice)
    return dict(value.data)


class ScreenerDialect(TypedDialect):
    """Commands ``subscribe`` and ``unsubscribe`` of ``dashboard_updates`` with keys, and with screeners to be told of."""

    name = "screener"
    renders: Mapping[Kind, Render] = {Kind.SCREENER: render_update, Kind.SCREENING: render_run}
    known = "subscribe, unsubscribe"

    def parse(self, message: Message) -> Command:
        match message.get(KEY):
            case "subscribe":
                return Subscribe(_items(message))
            case "unsubscribe":
                return Unsubscribe(_items(message))
            case _:
                return super().parse(message)

    def subscribed(self, answer: Subscribed) -> Sequence[Message]:
        """One answer: the keys that are followed now, and what is wrong with others."""
        verb = "subscribed" if answer.action == "subscribe" else "unsubscribed"
        errors = [_error(outcome) for outcome in answer.outcomes if outcome.problem is not None]
        return [{KEY: verb, "channel": DASHBOARD, "keys": list(answer.channels), "errors": errors}]

    def part(self, encoding: Encoding, push: Message) -> bytes:
        """An update, to be sent alone or in a batch; the word of a run, which stands alone."""
        payload = encoding.encode(push)
        return payload if push[KEY] == UPDATE else Whole(encoding.frame(payload))

    def join(self, encoding: Encoding, parts: Sequence[bytes]) -> bytes:
        frames: list[bytes] = [part for part in parts if isinstance(part, Whole)]
        updates = [part for part in parts if not isinstance(part, Whole)] if frames else parts
        if len(updates) == 1:
            frames.append(encoding.frame(updates[0]))
        elif updates or not frames:
            head = {KEY: "screener_ltp_batch_update"}
            frames.append(encoding.frame(encoding.extended(head, "updates", encoding.array(updates))))
        return b"".join(frames)


SCREENER = ScreenerDialect()


def _items(message: Message) -> tuple[Item, ...]:
    if message.get("channel") != DASHBOARD:
        raise RequestError.syntax(f'"channel" must be "{DASHBOARD}"')
    screeners = _names(message, "screeners", SCREENERS_PER_REQUEST) if "screeners" in message else []
    keys = _names(message, "keys", KEYS_PER_REQUEST) if "keys" in message or not screeners else []
    runs = (screening_channel(f"{Kind.SCREENING}.{name}", name) for name in screeners)
    return (*map(_item, keys), *runs)


def _names(message: Message, field: str, most: int) -> list[str]:
    """Each once, in their order."""
    names = message.get(field)
    if not isinstance(names, list) or not all(map(_is_key, names)):  # pyright: ignore[reportUnknownArgumentType]
        what = "symbols or SEGMENT:ID keys" if field == "keys" else "ids"
        raise RequestError.syntax(f'"{field}" must be a list of {what}')
    if len(names) > most:  # pyright: ignore[reportUnknownArgumentType]
        raise RequestError.syntax(f"at most {most} {field} a request")
    return list(dict.fromkeys(str(name) for name in names))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _is_key(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= LONGEST_NAME


def _item(key: str) -> Item:
    return Item(key, Channel(key, Kind.SCREENER, key))


def _error(outcome: Outcome) -> Message:
    assert outcome.problem is not None
    return {"key": outcome.name, "code": int(outcome.problem.code), "message": outcome.problem.message}
