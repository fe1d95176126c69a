"""What an engine started with, read from its stores, and put into others before a replay."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from config import VERSION
from engine.recording.records import Session
from engine.storage.durable import DurableStore, ProviderMapping
from engine.storage.hot import HotStore

_SECOND_NS = 1_000_000_000
_ALWAYS = date(1970, 1, 1)


async def session_of(
    hot: HotStore, durable: DurableStore, providers: Sequence[str], started_ns: int, speed: float
) -> Session:
    """The instruments that the providers map on the day of the start, and what is known of them."""
    day = datetime.fromtimestamp(started_ns // _SECOND_NS, UTC).date()
    mappings = [
        ProviderMapping(provider, route.instrument, route.segment, route.provider_symbol, _ALWAYS)
        for provider in providers
        for route in await durable.routes(provider, day)
    ]
    names = {mapping.instrument for mapping in mappings}
    seen = {provider: await hot.get_seen(provider) for provider in providers}
    return Session(
        started_ns=started_ns,
        part=1,
        at_ns=started_ns,
        software=f"ticktree {VERSION}",
        providers=tuple(providers),
        exchanges=tuple(await durable.exchanges()),
        instruments=tuple(one for one in await durable.instruments() if one.canonical in names),
        mappings=tuple(mappings),
        states=await hot.states(sorted(names)),
        speed=speed,
        seen={provider: time for provider, time in seen.items() if time is not None},
    )


async def seed_session(durable: DurableStore, session: Session) -> None:
    """Makes a store know what the recorded engine knew of instruments."""
    await durable.seed(session.exchanges, session.instruments, session.mappings)
