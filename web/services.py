"""What the routes work with: one frozen object, made by the composition root."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from quart import current_app

from engine.credentials import Vault
from engine.market.day_report import DayReport
from engine.market.ledger import LedgerGap
from engine.runtime import ActorSystem
from engine.screening.configured import Screener
from engine.storage.durable import DurableStore
from engine.storage.durable.statistics import DayTold
from engine.storage.history import CandleReader
from engine.storage.hot import HotStore
from engine.storage.ledger import LedgerReader
from engine.webhooks import WebhookSecrets
from web.access import Access
from web.accounts.accounts import Accounts
from web.accounts.attempts import Attempts
from web.accounts.google import Google
from web.accounts.limits import RequestLimits
from web.chains import ChainWishes
from web.charts import ChartWishes
from web.depths import DepthWishes
from web.directory import Directory
from web.hub import Hub
from web.joined import Joined
from web.last_prices import LastPriceWishes
from web.screen import Screen
from web.sockets.admission import Admission
from web.sockets.sessions import Sessions
from web.streams import PriceStreams

KEY = "ticktree"


@dataclass(frozen=True, slots=True)
class Services:
    """The stores, the hub and the rules of one web process."""

    process: str
    system: ActorSystem
    hot: HotStore
    durable: DurableStore
    vault: Vault
    """What opens providers' doors, sealed."""
    webhook_secrets: WebhookSecrets
    webhooks_to_private: bool
    """Whether alerts may be sent to where only we can reach."""
    directory: Directory
    hub: Hub
    access: Access
    admission: Admission
    accounts: Accounts
    attempts: Attempts
    google: Google | None
    """Where it is set up."""
    sessions: Sessions
    allowed_origins: frozenset[str]
    """Of pages that may open sockets and use cookies, beside those of the host they were asked at."""
    allow_registration: bool
    limits: RequestLimits
    https_only: bool
    """Whether browsers know us by an HTTPS address, as the settings say."""
    trusted_proxies: int
    """How many proxies of ours stand before us: so many addresses of X-Forwarded-For are believed."""
    chains: ChainWishes
    depths: DepthWishes
    charts: ChartWishes
    last_prices: LastPriceWishes
    screeners: Mapping[str, Screener]
    streams: PriceStreams
    chart_gaps: Joined[list[LedgerGap] | None]
    """What charts lack; counted at most every few seconds, however many look."""
    reports: Joined[DayReport]
    days_told: Joined[list[DayTold]]
    """The reports of days, and of which days there are some; likewise."""
    report_room: asyncio.Semaphore
    """Reports that are made at once, of whatever days."""
    hot_reach_ns: int
    """How far back Redis keeps candles, and a day more."""
    saved_after_ns: int
    """How old a minute is when it has been saved for certain."""
    screen: Screen | None
    """The pages, where they have been built."""

    @property
    def reader(self) -> CandleReader:
        """Joins the candles of both stores, by the calendars that were read last."""
        hot_from_ns = self.system.clock.now_ns() - self.hot_reach_ns
        listing = self.directory.listing
        return CandleReader(self.hot, self.durable, listing.calendars, hot_from_ns=hot_from_ns, legs=listing.legs)

    @property
    def ledger(self) -> LedgerReader:
        """Tells what is missing in both stores, by the calendars that were read last."""
        listing, saved_after_ns = self.directory.listing, self.saved_after_ns
        return LedgerReader(self.hot, self.durable, listing.calendars, saved_after_ns=saved_after_ns, legs=listing.legs)


def services() -> Services:
    """Those of the app that serves the current request."""
    return cast("Services", current_app.extensions[KEY])
