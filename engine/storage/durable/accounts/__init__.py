"""Accounts in PostgreSQL: users, their sessions and refresh tokens, API keys, and what they keep here."""

from engine.storage.durable.accounts.belongings import (
    WATCHLISTS,
    Belongings,
    TooManyWatchlistsError,
    Watchlist,
    WatchlistNameError,
)
from engine.storage.durable.accounts.keys import ApiKey, ApiKeys, KeyHolder
from engine.storage.durable.accounts.rotation import ABSOLUTE_S, GRACE_S, IDLE_S, Family, Member, Verdict, judge
from engine.storage.durable.accounts.sessions import Refreshed, SessionStart, SignedIn
from engine.storage.durable.accounts.users import Credentials, PutOut, User, UserAccounts

__all__ = [
    "ABSOLUTE_S",
    "GRACE_S",
    "IDLE_S",
    "WATCHLISTS",
    "ApiKey",
    "ApiKeys",
    "Belongings",
    "Credentials",
    "Family",
    "KeyHolder",
    "Member",
    "PutOut",
    "Refreshed",
    "SessionStart",
    "SignedIn",
    "TooManyWatchlistsError",
    "User",
    "UserAccounts",
    "Verdict",
    "Watchlist",
    "WatchlistNameError",
    "judge",
]
