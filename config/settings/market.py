"""How prices are judged, where symbols are looked for, and whose past is read."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from config.settings.field import Group, setting
from config.settings.kinds import Names


def _unless_off(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "off" else value


def _on_the_wall(value: time | None) -> time | None:
    if value is not None and value.tzinfo is not None:
        raise ValueError("a time without a zone: it is that of the provider's home")
    return value


class Market(Group):
    """What concerns instruments and their prices."""

    limits_file: Path | None = setting(
        "TICKTREE_LIMITS",
        "Own limits for the jumps of prices and the wicks of bars, over those of `config/limits.toml`.",
        "the path of a TOML file",
        default=None,
    )
    screeners_file: Path | None = setting(
        "TICKTREE_SCREENERS",
        "Own lists of instruments for the screeners, beside and instead of those of `config/screeners.toml`.",
        "the path of a TOML file",
        default=None,
    )
    default_exchanges: Names = setting(
        "TICKTREE_DEFAULT_EXCHANGES",
        "Where a bare symbol is looked for, in this order.",
        "exchange codes, separated by commas",
        default=("NSE", "BSE", "NFO", "MCX", "NASDAQ", "NYSE", "CME", "COMEX", "NYMEX"),
    )
    roll_by: Literal["date", "volume"] = setting(
        "TICKTREE_ROLL_BY",
        "When a continuous future (`NFO:NIFTY1!`) goes on with its next contract: so many days before the expiry (`date`), "
        "or on the day after the next contract traded more (`volume`).",
        "date or volume",
        default="date",
    )
    roll_days_before: Annotated[int, Field(ge=0, le=30)] = setting(
        "TICKTREE_ROLL_DAYS_BEFORE",
        "By date: a contract's last day is that many trading days before its expiry.",
        "a number from 0 to 30",
        default=1,
    )
    initial_history: Annotated[Literal["off", "asked", "all"], BeforeValidator(str.lower)] = setting(
        "TICKTREE_INITIAL_HISTORY",
        "Whose year before the first start is read from the provider: of symbols whose chart is `asked` for, of `all`, "
        "or of none (`off`). A year is up to 150,000 candles and a handful of calls a symbol.",
        "off, asked or all",
        default="asked",
    )
    masters_at: Annotated[time | None, BeforeValidator(_unless_off), AfterValidator(_on_the_wall)] = setting(
        "TICKTREE_MASTERS_AT",
        "When providers' instrument lists are read again, daily: new contracts are taken up, expired ones retired. The hour is "
        "that of the provider's home, India for Dhan and Kite, New York for the others; up to five minutes later.",
        "a time of day such as 08:35, or off",
        default=time(8, 35),
    )
