"""Kite's adapter at the exchange's Kite door: in its own mode, and in the one that tells no times."""

from functools import partial

from engine.providers.base import History, LiveFeed, Mode
from engine.providers.keyring import Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.rest import KiteHistory, KiteLimits
from engine.providers.kite.session import PATIENCE, KiteFeed
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience
from tests.providers.conformance.case import Case

DOOR = "simulator_kite"
UNLIMITED = KiteLimits(charts_per_second=1_000, prices_per_second=1_000, timeout_s=30)


def _account(address: Address, token: str) -> tuple[Keyring, KiteEndpoints]:
    return Keyring.holding("kite", SIMULATED_CLIENT_ID, token), KiteEndpoints(address.feed_url, address.rest_url)


def _feed(address: Address, token: str, patience: Patience | None, *, name: str, mode: Mode) -> LiveFeed:
    return KiteFeed(*_account(address, token), name=name, mode=mode, patience=patience or PATIENCE)


def _history(address: Address, token: str, *, name: str) -> History:
    return KiteHistory(*_account(address, token), name=name, limits=UNLIMITED, retry=RetryPolicy(attempts=1))


def _paced(address: Address, token: str) -> History:
    return KiteHistory(*_account(address, token))


CASES = [
    Case(name, DOOR, partial(_feed, name=name, mode=mode), partial(_history, name=name), SIMULATED_TOKEN, paced=_paced)
    for name, mode in {"kite": Mode.FULL, "kite_quote": Mode.QUOTE}.items()
]
