"""Option chains: which of them run, what they tell, and what they have to ask for."""

from collections.abc import Mapping
from datetime import date

from actors.messages.message import Message
from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.option_chain import OptionChain
from engine.market.quote import Quote
from engine.runtime import ActorRef


class ChainsFollowed(Message, frozen=True, gc=False):
    """All chains that the clients of one web process follow now, as they are written."""

    process: str
    chains: tuple[str, ...]


class ChainWanted(Message, frozen=True, gc=False):
    """Somebody asks for a chain, or for the one that expires next."""

    underlying: str
    expiry: date | None


class LookAtChains(Message, frozen=True, gc=False):
    """See which chains have to run now."""


class KeepChain(Message, frozen=True, gc=False):
    """To a chain: go on; a client follows, or nobody does. Who is not told for a while ends."""

    followed: bool


class TellChain(Message, frozen=True, gc=False):
    """To oneself: say how the chain is, if there is something to say."""


class Introduce(Message, frozen=True, gc=False):
    """To oneself: say to others what one needs of them; whoever was replaced knows nothing of it."""


class ChainTold(Message, frozen=True, gc=False):
    """How a chain is now."""

    snapshot: ChainSnapshot

    @property
    def place(self) -> ChainPlace:
        return ChainPlace(self.snapshot.underlying, self.snapshot.expiry)


class ChainMinute(Message, frozen=True, gc=False):
    """How a chain is at the beginning of a minute, to be kept."""

    snapshot: ChainSnapshot


class ChainWindow(Message, frozen=True, gc=False):
    """The options around the money of a chain, and those of all whose quotes were asked for and not heard on a feed."""

    place: ChainPlace
    options: frozenset[str]
    asked: frozenset[str] = frozenset()


class LegsAsked(Message, frozen=True, gc=False):
    """All options whose quotes are asked for with the chains that run, and come on no feed."""

    instruments: frozenset[str]


class Favoured(Message, frozen=True, gc=False):
    """The options that feeds are to bring before all others, where they have not room for all."""

    instruments: frozenset[str]


class PollChain(Message, frozen=True, gc=False):
    """A chain runs, and takes what providers answer when they are asked for it."""

    place: ChainPlace
    chain: ActorRef
    instruments: frozenset[str]
    """Its options, and what they depend on."""
    is_quoted: bool = True
    """Whether feeds bring bids and asks of the options that they bring."""


class ChainPolled(Message, frozen=True, gc=False):
    """What a provider said of a whole chain."""

    chain: OptionChain
    unfed: frozenset[str] = frozenset()
    """The chain's instruments that no feed brings now."""


class LegsPolled(Message, frozen=True, gc=False):
    """What a provider said of some of a chain's instruments."""

    provider: str
    quotes: Mapping[str, Quote]
    unfed: frozenset[str] = frozenset()
    """The chain's instruments that no feed brings now."""
