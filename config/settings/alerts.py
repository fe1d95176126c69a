"""Alerts and orders: who is told of which account's orders, and where alerts may be sent."""

import re
from typing import Annotated

from pydantic import AfterValidator

from config.settings.field import Group, setting
from config.settings.kinds import Names
from config.settings.providers import PROVIDERS

_USER = re.compile(r"u[0-9a-f]{16}")


def _owned(entries: tuple[str, ...]) -> tuple[str, ...]:
    pairs = [entry.partition("=") for entry in entries]
    if not all(provider in PROVIDERS and _USER.fullmatch(user) for provider, _, user in pairs):
        raise ValueError("no provider's owner")
    if len({provider for provider, _, _ in pairs}) < len(pairs):
        raise ValueError("a provider has one owner")
    return entries


class Alerts(Group):
    """Who is told what, and how far it may be sent."""

    account_owners: Annotated[Names, AfterValidator(_owned)] = setting(
        "TICKTREE_ACCOUNT_OWNERS",
        "Whose the account at each provider is: that user is told of its orders and trades. Administrators are told of all. "
        "By the users' ids, as `ticktree users list` has them: an email proves nothing, anybody may register it first.",
        "providers with users' ids such as dhan=u0123456789abcdef, separated by commas",
        default=(),
    )
    webhooks_to_private: bool = setting(
        "TICKTREE_WEBHOOKS_TO_PRIVATE",
        "Whether alerts may be sent to addresses of your own network and this machine, and without HTTPS. With strangers "
        "among the users it lets them knock at what the network hides.",
        "true or false",
        default=False,
    )

    @property
    def owner_of_account(self) -> dict[str, str]:
        """The id of each provider's owner."""
        return {provider: user for provider, _, user in (entry.partition("=") for entry in self.account_owners)}
