"""Kite: where it is, and what opens its doors."""

from typing import Literal

from config.settings.field import Group, setting
from config.settings.kinds import AccessToken, ClientId, FeedUrl, RestUrl


class Kite(Group):
    """What the provider kite needs."""

    kite_api_key: ClientId | None = setting(
        "KITE_API_KEY", "The API key of your Kite Connect application.", "an API key without blanks", default=None
    )
    kite_api_secret: AccessToken | None = setting(
        "KITE_API_SECRET",
        "Its secret, which makes an access token of what the daily login brings back; not needed to enter the token itself.",
        "an API secret without blanks",
        default=None,
    )
    kite_access_token: AccessToken | None = setting(
        "KITE_ACCESS_TOKEN",
        "Kite's access token; it ends at six in the morning in India, and a new one can be entered while all runs.",
        "an access token without blanks",
        default=None,
    )
    kite_ws_mode: Literal["ltp", "quote", "full"] = setting(
        "KITE_WS_MODE",
        "What Kite sends per instrument; only `full` tells when a trade was made, and `ltp` has no volume.",
        "ltp, quote or full",
        default="full",
    )
    kite_feed_url: FeedUrl = setting(
        "KITE_FEED_URL", "Kite's ticker.", "an address such as wss://host", default="wss://ws.kite.trade"
    )
    kite_rest_url: RestUrl = setting(
        "KITE_REST_URL", "Kite's REST service.", "an address such as https://host", default="https://api.kite.trade"
    )
    kite_master_url: RestUrl = setting(
        "KITE_MASTER_URL",
        "Kite's instrument list.",
        "an address such as https://host/instruments",
        default="https://api.kite.trade/instruments",
    )
