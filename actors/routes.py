"""The routes: which providers know an instrument, and under which names, the preferred one first."""

from collections.abc import Iterable, Mapping, Sequence

from engine.providers.base import ProviderError, Route


class Routes:
    """Filled provider by provider, in any order; ``providers`` says which of them goes first."""

    def __init__(self, providers: Iterable[str]) -> None:
        self.providers = tuple(providers)
        self._routes: dict[str, dict[str, Route]] = {}
        self._carriers: Mapping[str, str] = {}
        self._leaving: Mapping[str, str] = {}

    def __contains__(self, instrument: str) -> bool:
        return instrument in self._routes

    @property
    def instruments(self) -> list[str]:
        """All that somebody knows."""
        return list(self._routes)

    def require_any(self) -> None:
        """Raises ProviderError, to be tried again, while no provider has told what it knows.

        A job of an engine before may begin before that, and must not take it for the answer that nothing is known.
        """
        if not self._routes:
            raise ProviderError("no provider has told yet which instruments it knows")

    def has_told(self, provider: str) -> bool:
        """Whether a provider has told of anything that it knows it."""
        return any(provider in known for known in self._routes.values())

    def cover(self, provider: str, routes: Sequence[Route]) -> None:
        """What one provider knows; what was told of an instrument before is replaced."""
        for route in routes:
            self._routes.setdefault(route.instrument, {})[provider] = route

    def of(self, instrument: str) -> list[tuple[str, Route]]:
        """The providers that know an instrument, each with its name for it, in the order in which they are asked."""
        known = self._routes.get(instrument, {})
        return [(provider, known[provider]) for provider in self.providers if provider in known]

    def carry(self, carriers: Mapping[str, str], leaving: Mapping[str, str]) -> None:
        """Who carries each instrument from now on, and whom it leaves while a planned move goes on."""
        self._carriers, self._leaving = carriers, leaving

    def carrier(self, instrument: str) -> tuple[str, Route]:
        """The provider whose live feed carries an instrument; raises KeyError where nobody knows it."""
        known = self.of(instrument)
        if not known:
            raise KeyError(instrument)
        carrier = self._carriers.get(instrument)
        return next((one for one in known if one[0] == carrier), known[0])

    def carries(self, provider: str, instrument: str) -> bool:
        """Whether what a provider's live feed may have missed of an instrument is missing."""
        if self._leaving.get(instrument) == provider:
            return True
        return instrument in self._routes and self.carrier(instrument)[0] == provider

    def carried_by(self, provider: str) -> list[Route]:
        """What a provider's live feed carries."""
        carriers = (self.carrier(instrument) for instrument in self._routes)
        return [route for carrier, route in carriers if carrier == provider]
