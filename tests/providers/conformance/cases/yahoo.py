"""Yahoo's adapter at the exchange's Yahoo door. It knows no token; its clock is the exchange's, for what lies too far back."""

from engine.providers.base import History, LiveFeed
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.vendors import Address
from engine.providers.socket import Patience
from engine.providers.yahoo.rest import YahooHistory, YahooLimits
from engine.providers.yahoo.session import YahooFeed
from tests.providers.conformance.case import Case
from tests.providers.simulator.markets import at

UNLIMITED = YahooLimits(calls_per_second=1_000, timeout_s=30)
NOON = at("2026-11-20 12:00:30")


def _feed(address: Address, token: str, patience: Patience | None) -> LiveFeed:
    del token
    if patience is None:
        return YahooFeed(address.feed_url)
    return YahooFeed(address.feed_url, patience=patience)


def _history(address: Address, token: str) -> History:
    del token
    return YahooHistory(address.rest_url, limits=UNLIMITED, retry=RetryPolicy(attempts=1), now_ns=lambda: NOON)


CASES = [
    Case(
        "yahoo",
        "simulator_yahoo",
        _feed,
        _history,
        token="no-token-is-needed",
        options={"world": True},
        needs_token=False,
    ),
]
