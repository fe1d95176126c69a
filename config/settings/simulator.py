"""The simulated exchange: how large, how busy and how faulty it is, or where one runs already."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

from config.settings.field import Group, setting
from config.settings.kinds import FeedUrl, RestUrl

_DOOR: Final = re.compile(r"(\w+)=(\d+)/(\d+)")


def _parsed_doors(text: str) -> dict[str, tuple[int, int]]:
    found = [_DOOR.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
    if not all(found):
        raise ValueError("no such door")
    return {door[1]: (int(door[2]), int(door[3])) for door in found if door}


def _are_doors(text: str) -> str:
    _parsed_doors(text)
    return text


class Simulator(Group):
    """What the simulated exchange is started with."""

    simulator_instruments: int = setting(
        "TICKTREE_SIMULATOR_INSTRUMENTS",
        "Instruments the simulated exchange lists.",
        "a whole number from 1 to 25000",
        default=200,
        ge=1,
        le=25_000,
    )
    simulator_strikes: int = setting(
        "TICKTREE_SIMULATOR_STRIKES",
        "Strikes on either side of the money of the option chains it lists; those beyond five come on top of its instruments, "
        "if these are enough (200 are) to have the first five.",
        "a whole number from 0 to 100",
        default=8,
        ge=0,
        le=100,
    )
    simulator_ticks_per_s: float = setting(
        "TICKTREE_SIMULATOR_TICKS_PER_S",
        "Ticks a second over all of them.",
        "a number above 0",
        default=400.0,
        gt=0,
    )
    simulator_seed: int = setting(
        "TICKTREE_SIMULATOR_SEED", "The same seed gives the same market.", "a whole number", default=1
    )
    simulator_faults: str = setting(
        "TICKTREE_SIMULATOR_FAULTS",
        "Faults by schedule; `ticktree simulate --help` shows how to write them.",
        "a schedule of faults",
        default="",
    )
    simulator_feed_url: FeedUrl | None = setting(
        "TICKTREE_SIMULATOR_FEED_URL",
        "Feed of a simulated exchange that runs already (`ticktree simulate`); otherwise one is started.",
        "an address such as ws://host:port",
        default=None,
    )
    simulator_rest_url: RestUrl | None = setting(
        "TICKTREE_SIMULATOR_REST_URL",
        "REST service of the same.",
        "an address such as http://host:port/v2",
        default=None,
    )
    simulator_doors: Annotated[str, AfterValidator(_are_doors)] | None = setting(
        "TICKTREE_SIMULATOR_DOORS",
        "Ports of feed and REST service of the other providers that it plays, as it prints them itself.",
        "name=port/port, separated by commas",
        default=None,
    )
    simulator_world: bool = setting(
        "TICKTREE_SIMULATOR_WORLD",
        "List what is traded elsewhere, too: shares of New York, futures of Chicago.",
        "true or false",
        default=False,
    )

    def simulator_door(self, name: str) -> tuple[str, int, int] | None:
        """Host, port of the feed and port of the REST service of another provider that the exchange plays."""
        ports = _parsed_doors(self.simulator_doors or "").get(name)
        if ports is None or self.simulator_rest_url is None:
            return None
        return urlsplit(self.simulator_rest_url).hostname or "", *ports
