"""The settings, in groups that make up one object."""

from config.settings.providers import SIMULATED
from config.settings.whole import Settings

__all__ = ["SIMULATED", "Settings"]
