"""Dhan's adapter at the exchange's first two doors."""

from engine.providers.base import History, LiveFeed
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience
from tests.providers.conformance.case import Case

UNLIMITED = DhanLimits(charts_per_second=1_000, prices_per_second=1_000, timeout_s=30)


def _account(address: Address, token: str) -> tuple[Keyring, DhanEndpoints]:
    return Keyring.holding("dhan", SIMULATED_CLIENT_ID, token), DhanEndpoints(address.feed_url, address.rest_url)


def _feed(address: Address, token: str, patience: Patience | None) -> LiveFeed:
    return DhanFeed(*_account(address, token), patience=patience)


def _history(address: Address, token: str) -> History:
    return DhanHistory(*_account(address, token), limits=UNLIMITED, retry=RetryPolicy(attempts=1))


def _paced(address: Address, token: str) -> History:
    return DhanHistory(*_account(address, token))


CASES = [
    Case("dhan", "simulator", _feed, _history, SIMULATED_TOKEN, paced=_paced),
]
