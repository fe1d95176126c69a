"""The keyring: which credential of a provider is in force right now."""

from collections.abc import Mapping

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.secret import Secret


class Credential(msgspec.Struct, frozen=True):
    """What opens a provider's doors: who asks, and the token that goes with it."""

    identity: str
    """The client id or the API key."""
    token: Secret
    expires_ns: int | None = None
    """When the token ends (ns, UTC), where that is known."""
    more: Mapping[str, Secret] = {}
    """What else a vendor's login needs, by its name."""


class Keyring:
    """Holds the credential of one provider. A newer one serves what is opened from then on; open connections go on."""

    def __init__(self, provider: str, credential: Credential | None = None) -> None:
        self.provider = provider
        self._credential = credential

    @property
    def current(self) -> Credential:
        """The credential in force; raises ``ProviderError`` that asks for one where there is none."""
        if self._credential is None:
            raise ProviderError(f"{self.provider} has no access token: enter one", advice=Advice.NEW_TOKEN)
        return self._credential

    def replace(self, credential: Credential) -> None:
        """From now on this one is used."""
        self._credential = credential
