"""The sources: asks an instrument's providers for what it traded, one after the other, until nothing is lacking."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
import structlog

from actors.routes import Routes
from actors.sifting import everything
from engine.market import Candle
from engine.providers.base import Advice, History, ProviderError, Route

log = structlog.get_logger("ticktree.sources")

MINUTE_NS = 60_000_000_000
FOR_GOOD = (Advice.FIX_REQUEST, Advice.GIVE_UP)
"""What a provider advises when the same request will never be answered."""
PATIENCE_S = {Advice.WAIT: 60.0, Advice.NEW_TOKEN: 60.0}
"""How long to leave a provider alone that refuses everything, where it does not say itself."""


class Answer(msgspec.Struct, frozen=True):
    """What all providers together know of a stretch of time."""

    minutes: list[Candle]
    """Of each minute the word of the first provider that has it; its candle says who that is."""
    unheard: str = ""
    """Why a provider that was needed did not answer; without it nothing may be taken for empty."""
    reach_ns: int = 0
    """Before this time none of them keeps minutes."""
    reach: str = ""
    """The same in words."""


class Sources:
    """Every provider's history behind one question. One that refuses all is left alone with all for a while."""

    def __init__(
        self,
        histories: Mapping[str, History],
        routes: Routes,
        *,
        now_ns: Callable[[], int],
        sound: Callable[[Route, Sequence[Candle]], list[Candle]] = everything,
    ) -> None:
        self._histories = histories
        self._sound = sound
        self._routes = routes
        self._now_ns = now_ns
        self._held_until_ns: dict[str, int] = {}

    @property
    def held_until_ns(self) -> int:
        """Before this time no provider may be asked; 0 when one may."""
        held = [self._held_until_ns.get(provider, 0) for provider in self._histories]
        return until_ns if held and (until_ns := min(held)) > self._now_ns() else 0

    async def minutes(self, instrument: str, wanted: Collection[int], *, patient: bool = False) -> Answer:
        """The minutes that open at the ``wanted`` times, and others between the first and the last of them.

        Raises ProviderError when no provider answers; its advice is to give up only when all of them say so.
        """
        known: dict[int, Candle] = {}
        lacking: list[int] = sorted(wanted)
        failures: list[ProviderError] = []
        unsound: dict[int, str] = {}
        for provider, route in self._routes.of(instrument):
            if lacking:
                try:
                    found = await self._ask(provider, route, lacking[0], lacking[-1] + MINUTE_NS, patient=patient)
                except ProviderError as error:
                    log.info("provider_failed", provider=provider, instrument=instrument, error=str(error))
                    failures.append(error)
                    continue
                sound = {candle.time: candle for candle in self._sound(route, found)}
                unsound |= {candle.time: provider for candle in found if candle.time not in sound}
                known = sound | known
                lacking = [time for time in lacking if time not in known]
        if failures and len(failures) == len(self._routes.of(instrument)):
            raise next((error for error in failures if error.advice not in FOR_GOOD), failures[0])
        open_questions = [error for error in failures if error.advice not in FOR_GOOD] if lacking else []
        unheard = str(open_questions[0]) if open_questions else _unsound(unsound.get(time) for time in lacking)
        reach_ns, reach = self._reach(instrument)
        return Answer(list(known.values()), unheard, reach_ns, reach)

    async def _ask(self, provider: str, route: Route, start_ns: int, end_ns: int, *, patient: bool) -> list[Candle]:
        """What one provider has of its look-back; asking for more would only spend calls."""
        now_ns, history = self._now_ns(), self._histories[provider]
        held_ns = self._held_until_ns.get(provider, 0) - now_ns
        if held_ns > 0:
            raise ProviderError(f"{provider} wants to be left alone", advice=Advice.WAIT, wait_s=held_ns / 1e9)
        if not history.limits.offers("1m"):
            return []
        start_ns = max(start_ns, history.limits.oldest_ns("1m", now_ns))
        if start_ns >= end_ns:
            return []
        try:
            return await history.candles(route, "1m", start_ns, end_ns, patient=patient)
        except ProviderError as error:
            if error.advice in PATIENCE_S:
                wait_s = error.wait_s or PATIENCE_S[error.advice]
                self._held_until_ns[provider] = self._now_ns() + int(wait_s * 1e9)
            raise

    def _reach(self, instrument: str) -> tuple[int, str]:
        """How far back the provider with the longest memory can answer."""
        now_ns = self._now_ns()
        reaches: list[tuple[int, str]] = []
        for provider, _ in self._routes.of(instrument):
            limits = self._histories[provider].limits
            if limits.offers("1m"):
                days = limits.look_back_days["1m"]
                reaches.append((limits.oldest_ns("1m", now_ns), f"older than {provider} keeps: {days} days"))
        return min(reaches, default=(now_ns, "no provider keeps minutes"))


def _unsound(providers: Iterable[str | None]) -> str:
    """Why minutes are lacking that a provider does tell of; empty when there are none."""
    named = [provider for provider in providers if provider is not None]
    return f"bars of {named[0]} can not be believed, or not yet" if named else ""
