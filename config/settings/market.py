"""How prices are judged, where symbols are looked for, and whose past is read."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

from config.settings.field import Group, setting
from config.settings.kinds import Names


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
    initial_history: Annotated[Literal["off", "asked", "all"], BeforeValidator(str.lower)] = setting(
        "TICKTREE_INITIAL_HISTORY",
        "Whose year before the first start is read from the provider: of symbols whose chart is `asked` for, of `all`, "
        "or of none (`off`). A year is up to 150,000 candles and a handful of calls a symbol.",
        "off, asked or all",
        default="asked",
    )
