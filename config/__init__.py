"""Settings, logging, exchange calendars and seed data."""

VERSION = "0.1.0"
"""Of the whole program."""
