"""Filling the tables: exchanges, instruments, and how providers name them. Safe to repeat."""

from engine.seeding.book import SeedBook, exchanges
from engine.seeding.lists import ListFolder
from engine.seeding.master import FORMATS, Selection, mapping_of, read_master
from engine.seeding.reading import PORTIONS, MasterFile, Reading
from engine.seeding.simulated import listed

__all__ = [
    "FORMATS",
    "PORTIONS",
    "ListFolder",
    "MasterFile",
    "Reading",
    "SeedBook",
    "Selection",
    "exchanges",
    "listed",
    "mapping_of",
    "read_master",
]
