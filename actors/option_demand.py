"""The demand for options: those that clients look at, or that others than option chains need every tick of."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from actors.messages import FollowedWanted
from engine.market.errors import SymbolError
from engine.market.instrument import InstrumentKind
from engine.market.symbols import parse_symbol
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError

ANSWER_S: Final = 2.0
MOST: Final = 1_000
"""Together: who looks at many must not push what is around the money of all chains off the feeds."""


class OptionDemand:
    """Asks who knows; while one of them does not answer, what is known stays."""

    def __init__(self, sources: Sequence[ActorRef], *, besides: str) -> None:
        """``besides`` is the path of the chains: each of them follows all of its legs, wherever they come from."""
        self._sources = sources
        self._wanted = FollowedWanted(besides)
        self.options = frozenset[str]()
        self.is_looking = False

    async def look(self) -> None:
        """Beyond the bound, those that were wanted before stay."""
        self.is_looking = True
        try:
            told = [await source.ask(self._wanted, timeout_s=ANSWER_S) for source in self._sources]
        except (ActorDeadError, AskTimeoutError):
            return
        finally:
            self.is_looking = False
        options = {name for names in told for name in names if _is_option(name)}
        self.options = frozenset(_first(options & self.options, options - self.options))


def _first(known: Iterable[str], new: Iterable[str]) -> Iterable[str]:
    return islice((*sorted(known), *sorted(new)), MOST)


def _is_option(name: str) -> bool:
    try:
        return parse_symbol(name).kind is InstrumentKind.OPTION
    except SymbolError:
        return False
