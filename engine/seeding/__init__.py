"""Filling the tables: exchanges, instruments, and how providers name them. Safe to repeat."""

from engine.seeding.book import SeedBook, exchanges
from engine.seeding.master import read_master
from engine.seeding.simulated import listed

__all__ = ["SeedBook", "exchanges", "listed", "read_master"]
