"""Credentials: how what opens providers' doors is entered, kept sealed, and read; see ``docs/credentials.md``."""

from engine.credentials.dropped import DropFolder
from engine.credentials.entered import Entered, EntryError, entered
from engine.credentials.expiry import expiry_of
from engine.credentials.keys import NoKeyError, SealingKeys, new_key, sealing_keys
from engine.credentials.sealing import SealError
from engine.credentials.vault import Listed, Vault

__all__ = [
    "DropFolder",
    "Entered",
    "EntryError",
    "Listed",
    "NoKeyError",
    "SealError",
    "SealingKeys",
    "Vault",
    "entered",
    "expiry_of",
    "new_key",
    "sealing_keys",
]
