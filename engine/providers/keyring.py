"""The keyring: which credential of a provider is in force right now."""

from collections.abc import Mapping
from typing import Self

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.secret import Secret


class Credential(msgspec.Struct, frozen=True):
    """What opens a provider's doors: who asks, and the token that goes with it."""

    identity: str
    """The client id or the API key; empty where the token says who asks."""
    token: Secret
    expires_ns: int | None = None
    """When the token ends (ns, UTC), where that is known."""
    more: Mapping[str, Secret] = {}
    """What else a vendor's login needs, by its name."""

    def is_same_as(self, other: "Credential | None") -> bool:
        """Whether it opens the same doors in the same way."""
        return other is not None and (self.identity, self.token.reveal()) == (other.identity, other.token.reveal())


class Keyring:
    """Holds the credential of one provider. A newer one serves what is opened from then on; open connections go on."""

    def __init__(self, provider: str, credential: Credential | None = None) -> None:
        self.provider = provider
        self._credential = credential

    @classmethod
    def holding(cls, provider: str, identity: str, token: str) -> Self:
        """One that holds this credential."""
        return cls(provider, Credential(identity, Secret(token)))

    @property
    def credential(self) -> Credential | None:
        """The credential in force, where there is one."""
        return self._credential

    @property
    def current(self) -> Credential:
        """The credential in force; raises ``ProviderError`` that asks for one where there is none."""
        if self._credential is None:
            raise ProviderError(f"{self.provider} has no access token", advice=Advice.NEW_TOKEN)
        return self._credential

    def forget(self) -> None:
        """Nothing is opened any more until there is another."""
        self._credential = None

    def replace(self, credential: Credential) -> None:
        """From now on this one is used."""
        self._credential = credential
