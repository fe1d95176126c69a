"""Which providers there are, where each is, and what opens its doors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from config.settings.field import Group, setting
from config.settings.kinds import AccessToken, ClientId, FeedUrl, GatewayUrl, Names, RestUrl

SIMULATED = ("simulator", "simulator2", "simulator_kite", "simulator_yahoo", "simulator_databento", "simulator_relay")
"""Providers played by one simulated exchange; the second has a record of its own and is asked for what the first lacks."""
PROVIDERS = (*SIMULATED, "dhan", "kite", "yahoo", "databento", "databento_relay")
"""The providers this version knows."""


def _known_providers(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not set(names) <= set(PROVIDERS):
        raise ValueError("unknown provider")
    return names


def _default_providers(data: Mapping[str, Any]) -> tuple[str, ...]:
    return ("dhan",) if data.get("dhanhq_ws_enabled") else ("simulator",)


class Providers(Group):
    """Those that run, and what each of them needs."""

    dhanhq_ws_enabled: bool = setting(
        "DHANHQ_WS_ENABLED",
        "Use Dhan's live feed: the short way to write `TICKTREE_PROVIDERS=dhan`.",
        "true or false",
        default=False,
    )
    dhanhq_ws_mode: Literal["ticker", "quote", "full"] = setting(
        "DHANHQ_WS_MODE",
        "What Dhan sends per instrument; `ticker` has no volume, candles then count ticks and say so.",
        "ticker, quote or full",
        default="quote",
    )
    dhan_client_id: ClientId | None = setting(
        "DHAN_CLIENT_ID", "Dhan's client id.", "a client id without blanks", default=None
    )
    dhan_access_token: AccessToken | None = setting(
        "DHAN_ACCESS_TOKEN", "Dhan's access token.", "an access token without blanks", default=None
    )
    dhan_feed_url: FeedUrl = setting(
        "DHAN_FEED_URL", "Dhan's live feed.", "an address such as wss://host", default="wss://api-feed.dhan.co"
    )
    dhan_rest_url: RestUrl = setting(
        "DHAN_REST_URL",
        "Dhan's REST service.",
        "an address such as https://host/v2",
        default="https://api.dhan.co/v2",
    )
    dhan_auth_url: RestUrl = setting(
        "DHAN_AUTH_URL",
        "Dhan's login, where tokens are made of one-time codes.",
        "an address such as https://host",
        default="https://auth.dhan.co",
    )
    dhan_depth_url: FeedUrl = setting(
        "DHAN_DEPTH_URL",
        "Dhan's feed of twenty levels of depth; nothing is asked of it until somebody looks.",
        "an address such as wss://host/path",
        default="wss://depth-api-feed.dhan.co/twentydepth",
    )
    dhan_orders_url: FeedUrl = setting(
        "DHAN_ORDERS_URL",
        "Where Dhan tells what becomes of the account's orders.",
        "an address such as wss://host",
        default="wss://api-order-update.dhan.co",
    )
    dhan_order_updates: bool = setting(
        "DHAN_ORDER_UPDATES",
        "Whether administrators are told what becomes of the account's orders.",
        "true or false",
        default=False,
    )
    dhan_master_url: RestUrl = setting(
        "DHAN_MASTER_URL",
        "Dhan's instrument list, compact or detailed.",
        "an address such as https://host/list.csv",
        default="https://images.dhan.co/api-data/api-scrip-master.csv",
    )
    yahoo_feed_url: FeedUrl = setting(
        "YAHOO_FEED_URL",
        "Yahoo's streamer.",
        "an address such as wss://host",
        default="wss://streamer.finance.yahoo.com",
    )
    yahoo_rest_url: RestUrl = setting(
        "YAHOO_REST_URL",
        "Yahoo's REST service; an address elsewhere stands for all of Yahoo's.",
        "an address such as https://host",
        default="https://query2.finance.yahoo.com",
    )
    databento_api_key: AccessToken | None = setting(
        "DATABENTO_API_KEY", "Databento's API key.", "a key without blanks", default=None
    )
    databento_gateway_url: GatewayUrl = setting(
        "DATABENTO_GATEWAY_URL",
        "Databento's live gateways; `{dataset}` stands for the dataset, as each has one of its own.",
        "an address such as tcp://host:13000",
        default="tcp://{dataset}.lsg.databento.com:13000",
    )
    databento_rest_url: RestUrl = setting(
        "DATABENTO_REST_URL",
        "Databento's historical service.",
        "an address such as https://host/v0",
        default="https://hist.databento.com/v0",
    )
    databento_relay_url: FeedUrl = setting(
        "DATABENTO_RELAY_URL",
        "Relay of Databento's feed.",
        "an address such as wss://host/path",
        default="wss://clitools.app/ws/databento",
    )
    providers: Annotated[Names, AfterValidator(_known_providers)] = setting(
        "TICKTREE_PROVIDERS",
        "Providers to run, the preferred one first; the simulated exchange when none is configured.",
        f"one or more of {', '.join(PROVIDERS[:-1])} and {PROVIDERS[-1]}, separated by commas",
        default_factory=_default_providers,
    )

    @property
    def simulated(self) -> bool:
        """Whether all data comes from the simulated exchange."""
        return set(self.providers) <= set(SIMULATED)
