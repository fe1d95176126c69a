"""What the streams' actors are told."""

import msgspec


class Look(msgspec.Struct, frozen=True, gc=False):
    """Compare what is started with what is carried here."""
