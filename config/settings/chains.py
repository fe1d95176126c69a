"""Which option chains are kept, and what they are reckoned with."""

from typing import Annotated

from pydantic import Field

from config.settings.field import Group, setting
from config.settings.kinds import Names


class Chains(Group):
    """What concerns live option chains."""

    chains: Names = setting(
        "TICKTREE_CHAINS",
        "Underlyings whose option chain of the next expiry always runs and is kept, a snapshot a minute. Other chains run "
        "while somebody follows them. Those that nobody lists are passed over.",
        "symbols with their exchange, separated by commas",
        default=("NSE:NIFTY", "NSE:BANKNIFTY"),
    )
    chain_window: Annotated[int, Field(ge=1, le=500)] = setting(
        "TICKTREE_CHAIN_WINDOW",
        "Strikes on either side of the money whose options feeds carry before all other options, where they have not room "
        "for all; the window follows the money. The others are asked for.",
        "a number from 1 to 500",
        default=20,
    )
    interest_rate: Annotated[float, Field(ge=-5.0, le=50.0)] = setting(
        "TICKTREE_INTEREST_RATE",
        "Interest that option prices are discounted at, per cent a year, continuously compounded.",
        "a number from -5 to 50",
        default=6.5,
    )
