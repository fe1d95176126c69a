"""What the engine on duty keeps: its lease, its heartbeat, when it last saw each feed, and the maps of its symbols."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.market.spans import Span
from engine.storage.hot import keys
from engine.storage.hot.link import Command, RedisLink, Script
from engine.storage.hot.series import chunks
from engine.storage.packing import pack, unpack

_HOLD = Script("hold_lease")
_RELEASE = Script("release_lease")
_FIELDS_A_COMMAND = 5_000


class EngineDuty:
    """One engine owns the feeds; what it must not lose when it dies lives here."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    # -- the lease

    async def acquire_lease(self, owner: str, ttl_s: float) -> bool:
        """Takes the lease if it is free, prolongs it if it is ours; whether we hold it now."""
        return bool(await self._link.run(_HOLD, [keys.LEASE], [owner, int(ttl_s * 1000)]))

    async def release_lease(self, owner: str) -> None:
        """Gives the lease back, if it is ours."""
        await self._link.run(_RELEASE, [keys.LEASE], [owner])

    async def lease_owner(self) -> str | None:
        """Who holds the lease."""
        holder: bytes | None = await self._link.call("GET", keys.LEASE)
        return None if holder is None else holder.decode()

    # -- signs of life

    async def write_heartbeat(self, payload: Mapping[str, Any]) -> None:
        """Tells for 60 s that the engine lives: its id, the time, feeds and their state."""
        await self._link.call("SET", keys.HEARTBEAT, msgspec.json.encode(payload), "EX", keys.HEARTBEAT_EXPIRY_S)

    async def heartbeat(self) -> dict[str, Any] | None:
        """The newest sign of life; ``None`` when the last one is older than 60 s."""
        text: bytes | None = await self._link.call("GET", keys.HEARTBEAT)
        return None if text is None else msgspec.json.decode(text, type=dict[str, Any])

    async def set_seen(self, provider: str, seen_ns: int) -> None:
        """Notes until when nothing of a provider's feed was missed."""
        await self._link.call("HSET", keys.SEEN, provider, seen_ns)

    async def get_seen(self, provider: str) -> int | None:
        """Until when nothing of a provider's feed was missed; ``None`` when it never ran."""
        text: bytes | None = await self._link.call("HGET", keys.SEEN, provider)
        return None if text is None else int(text)

    async def note_orders(self, provider: str, standings: Mapping[str, str]) -> None:
        """Notes how orders stood when they were told."""
        name = keys.told_orders(provider)
        fields = [part for pair in standings.items() for part in pair]
        await self._link.many([("HSET", name, *fields), ("EXPIRE", name, 2 * keys.DAY_S)], together=True)

    async def forget_orders(self, provider: str, orders: Sequence[str]) -> None:
        """Those that are over for good."""
        if orders:
            await self._link.call("HDEL", keys.told_orders(provider), *orders)

    async def told_orders(self, provider: str) -> dict[str, str]:
        """How orders stood when they were told last, by their numbers."""
        fields: dict[bytes, bytes] = await self._link.call("HGETALL", keys.told_orders(provider))
        return {order.decode(): state.decode() for order, state in fields.items()}

    async def set_unsaved(self, since_ns: int) -> None:
        """Notes the oldest opening among the candles here that PostgreSQL may not have; 0 when it has all."""
        await self._link.call("SET", keys.UNSAVED, since_ns)

    async def get_unsaved(self) -> int:
        """The oldest opening among the candles here that PostgreSQL may not have; 0 when it has all."""
        return int(await self._link.call("GET", keys.UNSAVED) or 0)

    async def set_last_save(self, minutes: int, saved_ns: int) -> None:
        """Mirrors the persister's checkpoint; PostgreSQL has the true one."""
        await self._link.call("SET", f"last_save_time:{minutes}m", saved_ns)

    async def set_healing(self, spans: Mapping[str, Sequence[Span]]) -> None:
        """Notes what of each instrument is in doubt, the oldest first; whoever is not named is healed."""
        await self._link.many(_replacing(keys.HEALING, _noted(spans)), together=True)

    async def change_healing(self, spans: Mapping[str, Sequence[Span]], healed: Sequence[str]) -> None:
        """The same of these instruments alone; what was noted of others stays."""
        commands = [
            *_setting(keys.HEALING, _noted(spans)),
            *(("HDEL", keys.HEALING, *names) for names in chunks(healed, _FIELDS_A_COMMAND)),
        ]
        if commands:
            await self._link.many(commands, together=True)

    async def healing(self) -> dict[str, tuple[Span, ...]]:
        """What of each instrument is in doubt, as the engine last noted it; at least one span each."""
        fields: dict[bytes, bytes] = await self._link.call("HGETALL", keys.HEALING)
        return {instrument.decode(): _spans(text) for instrument, text in fields.items()}

    # -- what was found of the instruments

    async def set_statuses(self, statuses: Mapping[str, Mapping[str, Any] | None], *, anew: bool = False) -> None:
        """Notes how instruments are, by name; ``None`` takes it back, and ``anew`` forgets all others."""
        gone = [name for name, status in statuses.items() if status is None]
        portions = chunks(
            [(name, status) for name, status in statuses.items() if status is not None], _FIELDS_A_COMMAND
        )
        commands: list[Command] = [("DEL", keys.STATUSES)] if anew else []
        commands += [("HDEL", keys.STATUSES, *names) for names in chunks(gone, _FIELDS_A_COMMAND)]
        commands += [
            ("HSET", keys.STATUSES, *(part for name, status in portion for part in (name, msgspec.json.encode(status))))
            for portion in portions
        ]
        if commands:
            await self._link.many(commands, together=True)

    async def statuses(self) -> dict[str, dict[str, Any]]:
        """How every instrument is, by name."""
        found: dict[bytes, bytes] = await self._link.call("HGETALL", keys.STATUSES)
        return {name.decode(): msgspec.json.decode(text, type=dict[str, Any]) for name, text in found.items()}

    async def set_paces(self, paces: Mapping[str, tuple[float, float]]) -> None:
        """Keeps what was learned of the instruments' paces."""
        await self._link.call("SET", keys.PACES, pack(paces))

    async def paces(self) -> dict[str, tuple[float, float]]:
        """What was learned of the instruments' paces."""
        packed: bytes | None = await self._link.call("GET", keys.PACES)
        return {} if packed is None else msgspec.convert(unpack(packed), dict[str, tuple[float, float]])

    # -- the maps

    async def set_maps(self, provider: str, forward: Mapping[str, str], reverse: Mapping[str, str]) -> None:
        """Replaces a provider's maps: instrument → ``SEGMENT|provider symbol``, and ``SEGMENT:ID`` → instrument."""
        for name, content in ((f"map:{provider}", forward), (f"map:{provider}:reverse", reverse)):
            await self._link.many(_replacing(name, content), together=True)


def _spans(text: bytes) -> tuple[Span, ...]:
    moments = [int(moment) for moment in text.split()]
    return tuple(zip(moments[::2], moments[1::2], strict=True))


def _replacing(name: str, content: Mapping[str, str]) -> list[Command]:
    """Commands that, as one transaction, leave nothing but ``content`` behind."""
    return [("DEL", name), *_setting(name, content)]


def _setting(name: str, content: Mapping[str, str]) -> list[Command]:
    portions = chunks(list(content.items()), _FIELDS_A_COMMAND)
    return [("HSET", name, *(part for item in portion for part in item)) for portion in portions]


def _noted(spans: Mapping[str, Sequence[Span]]) -> dict[str, str]:
    return {name: " ".join(f"{start_ns} {end_ns}" for start_ns, end_ns in found) for name, found in spans.items()}
