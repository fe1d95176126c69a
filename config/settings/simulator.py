"""The simulated exchange: how large, how busy and how faulty it is, or where one runs already."""

from config.settings.field import Group, setting
from config.settings.kinds import FeedUrl, RestUrl


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
