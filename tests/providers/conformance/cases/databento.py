"""Databento's adapter at a door of its own."""

from config.calendars import load_calendar
from engine.market import Calendars
from engine.providers.base import History, LiveFeed, Mode
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.history import DatabentoHistory, DatabentoLimits
from engine.providers.databento.session import DatabentoFeed
from engine.providers.databento.wire import Patience as GatewayPatience
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.databento.speech import mapping, metadata
from engine.providers.simulator.door import Door
from engine.providers.simulator.options import SIMULATED_TOKEN
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience
from tests.providers.conformance.case import Case

FUTURES = ("COMEX", "NYMEX", "CME")
"""All of one dataset: a connection carries no other."""
INDIA: dict[str, str] = dict.fromkeys(FUTURES, "Asia/Kolkata")
"""The exchange's own hours, as it is simulated: always, and a day is India's."""
UNLIMITED = DatabentoLimits(calls_per_second=1_000, timeout_s=30, silence_s=20)


def _account(address: Address, token: str) -> tuple[Keyring, DatabentoEndpoints]:
    return Keyring.holding("databento", "", token), DatabentoEndpoints(
        address.feed_url.replace("ws:", "tcp:"), address.rest_url
    )


def _feed(address: Address, token: str, patience: Patience | None) -> LiveFeed:
    given = GatewayPatience() if patience is None else GatewayPatience(silence_s=patience.silence_s)
    return DatabentoFeed(*_account(address, token), patience=given)


def _history(address: Address, token: str) -> History:
    calendars = Calendars(load_calendar, continuous=INDIA)
    return DatabentoHistory(
        *_account(address, token), limits=UNLIMITED, retry=RetryPolicy(attempts=1), calendars=calendars
    )


def _frames(door: Door) -> list[bytes]:
    """Each with all that a connection begins with: without it nothing of what follows can be read."""
    frames: list[bytes] = []
    for mode in Mode:
        for (segment, symbol), place in door.places.items():
            listing, trade = door.exchange.market.listings[place], door.last(place)
            if segment in FUTURES and trade is not None:
                told = mapping(symbol, listing, trade.time_ns, stype="continuous")
                frames.append(metadata("GLBX.MDP3") + told + b"".join(door.speech.encode(listing, trade, mode)))
    return frames


CASES = [
    Case(
        "databento",
        "simulator_databento",
        _feed,
        _history,
        SIMULATED_TOKEN,
        options={"instruments": 2, "world": True},
        answers_http=False,
        segments=FUTURES,
        takes_back=False,
        frames=_frames,
    ),
]
