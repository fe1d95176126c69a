"""The limits in force: those that come with the program, and over them those of the settings' own file."""

from config.errors import SettingsError
from config.limits import load_limits
from config.settings import Settings
from engine.market.limits import LimitError, LimitTable


def limits_in_force(settings: Settings) -> LimitTable:
    """For the engine; raises SettingsError with a sentence when the own file can not be used."""
    try:
        return LimitTable.parse(load_limits(settings.limits_file))
    except LimitError as error:
        raise SettingsError(f"TICKTREE_LIMITS: {settings.limits_file}: {error}") from None
