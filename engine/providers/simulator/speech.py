"""Speech: what a vendor says of what was traded, in its own bytes; each door of the exchange has one.

A vendor of the simulated exchange is a package beside this module with a ``server`` module that says ``VENDOR``:
``Vendor(speech, serve)`` (see ``vendors``). ``speech()`` makes a fresh ``Speech`` for one door; ``serve`` opens the
vendor's ports for it. For sockets there is ``feed_server.FeedServer`` with the vendor's ``FeedRules``, for REST
calls ``http.serve_stream``; the door they are given knows what they need:

* ``door.places`` finds an instrument by what ``route`` said of it, ``door.last`` its newest trade as this provider
  counts, ``door.exchange.market`` and ``history`` what was traded, ``door.record.kept`` what of it the provider has;
* ``door.fails(FaultKind.REFUSE)``, ``LIMIT`` and ``ERROR`` are to be answered as the vendor would: a refused token, too
  many calls, a failure of its own. The other faults happen without the vendor's doing.
"""

from collections.abc import Sequence
from typing import Protocol

from engine.providers.base import Mode
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Trade

Frame = bytes | str


class Speech(Protocol):
    """A vendor's language on the wire. It belongs to one door, or to one client, and may remember what it has said."""

    @property
    def packets_per_frame(self) -> int:
        """How many packets may share a frame at most."""
        ...

    def route(self, listing: Listing) -> tuple[str, str] | None:
        """Segment and id as routes of the vendor's adapter name them; None of what the vendor does not carry."""
        ...

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """The packets that tell an event in a mode; none where the mode does not tell it."""
        ...

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        """What a new subscriber gets at once, by the newest trade."""
        ...

    def frame(self, packets: Sequence[bytes]) -> Frame:
        """How packets share a frame; text is sent as a text message."""
        ...
