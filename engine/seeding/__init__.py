"""Filling the tables: exchanges, instruments, and how providers name them. Safe to repeat."""

from engine.seeding.actions import BadLine, read_actions
from engine.seeding.book import SeedBook, exchanges
from engine.seeding.lists import ListFolder
from engine.seeding.master import FORMATS, Selection, mapping_of, read_master
from engine.seeding.reading import PORTIONS, MasterFile, Reading
from engine.seeding.rules import RULES, AddError, known_instruments, mapped_by_rule, share_of
from engine.seeding.simulated import listed

__all__ = [
    "FORMATS",
    "PORTIONS",
    "RULES",
    "AddError",
    "BadLine",
    "ListFolder",
    "MasterFile",
    "Reading",
    "SeedBook",
    "Selection",
    "exchanges",
    "known_instruments",
    "listed",
    "mapped_by_rule",
    "mapping_of",
    "read_actions",
    "read_master",
    "share_of",
]
