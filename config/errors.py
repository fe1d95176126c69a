"""What can be wrong with the configuration."""


class SettingsError(Exception):
    """The settings can not be used: each line of the message is one sentence about one variable."""
