"""What is written into the tables in one go."""

import tomllib
from collections.abc import Sequence
from importlib.resources import files

import msgspec

from engine.market import Instrument
from engine.storage.durable import Exchange, ProviderMapping


class SeedBook(msgspec.Struct, frozen=True):
    """Instruments and one provider's names for them."""

    instruments: Sequence[Instrument]
    mappings: Sequence[ProviderMapping]


def exchanges(*, around_the_clock: bool = False) -> list[Exchange]:
    """The exchanges every database begins with; the simulated ones trade around the clock."""
    text = files("config").joinpath("seed", "exchanges.toml").read_text(encoding="utf-8")
    return [Exchange(code=code, is_24_hours=around_the_clock, **values) for code, values in tomllib.loads(text).items()]
