"""Accounts in PostgreSQL: users, their sessions and refresh tokens, and API keys."""

from engine.storage.durable.accounts.keys import ApiKey, ApiKeys, KeyHolder
from engine.storage.durable.accounts.rotation import ABSOLUTE_S, GRACE_S, IDLE_S, Family, Member, Verdict, judge
from engine.storage.durable.accounts.sessions import Refreshed, SessionStart, SignedIn
from engine.storage.durable.accounts.users import Credentials, PutOut, User, UserAccounts

__all__ = [
    "ABSOLUTE_S",
    "GRACE_S",
    "IDLE_S",
    "ApiKey",
    "ApiKeys",
    "Credentials",
    "Family",
    "KeyHolder",
    "Member",
    "PutOut",
    "Refreshed",
    "SessionStart",
    "SignedIn",
    "User",
    "UserAccounts",
    "Verdict",
    "judge",
]
