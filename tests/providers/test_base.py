import pickle
from typing import Protocol

import pytest

from engine.providers.base import Advice, Connection, Decoder, History, LiveFeed, PlanError, ProviderError, Route
from engine.providers.databento.decoder import DatabentoDecoder
from engine.providers.databento.history import DatabentoHistory
from engine.providers.databento.relay.decoder import RelayDecoder
from engine.providers.databento.relay.history import RelayHistory
from engine.providers.databento.relay.session import RelayConnection, RelayFeed
from engine.providers.databento.session import DatabentoConnection, DatabentoFeed
from engine.providers.dhan.decoder import DhanDecoder
from engine.providers.dhan.rest import DhanHistory
from engine.providers.dhan.session import DhanConnection, DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.kite.decoder import KiteDecoder
from engine.providers.kite.rest import KiteHistory
from engine.providers.kite.session import KiteConnection, KiteFeed
from engine.providers.secret import Secret
from engine.providers.simulator.direct import DirectConnection, DirectDecoder, DirectFeed, DirectHistory
from engine.providers.yahoo.decoder import YahooDecoder
from engine.providers.yahoo.rest import YahooHistory
from engine.providers.yahoo.session import YahooConnection, YahooFeed
from tests.providers.dhan.routes import HDFCBANK


@pytest.mark.parametrize(
    ("contract", "implementation"),
    [
        *((LiveFeed, DhanFeed), (Connection, DhanConnection), (Decoder, DhanDecoder), (History, DhanHistory)),
        *((LiveFeed, KiteFeed), (Connection, KiteConnection), (Decoder, KiteDecoder), (History, KiteHistory)),
        *((LiveFeed, YahooFeed), (Connection, YahooConnection), (Decoder, YahooDecoder), (History, YahooHistory)),
        *((LiveFeed, DatabentoFeed), (Connection, DatabentoConnection)),
        *((Decoder, DatabentoDecoder), (History, DatabentoHistory)),
        *((LiveFeed, RelayFeed), (Connection, RelayConnection), (Decoder, RelayDecoder), (History, RelayHistory)),
        *((LiveFeed, DirectFeed), (Connection, DirectConnection), (Decoder, DirectDecoder), (History, DirectHistory)),
    ],
)
def test_every_provider_offers_what_the_contract_names(contract: type, implementation: type) -> None:
    names = {name for name in vars(contract) if not name.startswith("_")} - set(vars(Protocol))
    assert {name for name in names if not hasattr(implementation, name)} <= {
        "name",
        "limits",
        "capabilities",
    }  # set by the constructor


def test_dhan_fits_the_contract_for_the_type_checker() -> None:
    credentials = Keyring.holding("dhan", "1100012345", "token")
    feed: LiveFeed = DhanFeed(credentials)
    history: History = DhanHistory(credentials)
    decoder: Decoder = feed.decoder([HDFCBANK])

    assert feed.name == "dhan"
    assert decoder.statistics().packets == 0
    history.close()


def test_an_error_carries_its_advice() -> None:
    error = ProviderError("too many", advice=Advice.WAIT, wait_s=60, code="805")

    assert (str(error), error.advice, error.wait_s, error.code) == ("too many", Advice.WAIT, 60, "805")
    assert ProviderError("gone").advice is Advice.RETRY
    assert PlanError("too many").advice is Advice.FIX_REQUEST


def test_a_route_knows_its_segment_key() -> None:
    assert Route("NSE:HDFCBANK", "NSE_EQ", "1333", 0.05, "equity").key == "NSE_EQ:1333"


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("canary")

    assert "canary" not in f"{secret} {secret!r} {[secret]}"
    assert secret.redact("token=canary&x") == "token=***&x"
    assert Secret("").redact("unchanged") == "unchanged"
    assert (secret.reveal(), bool(secret), bool(Secret(""))) == ("canary", True, False)


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(Secret("canary"))
