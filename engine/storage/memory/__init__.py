"""The stores without servers: the same methods and errors, kept in this process, gone with it."""

from engine.storage.memory.durable import MemoryDurableStore
from engine.storage.memory.hot import MemoryHotStore

__all__ = ["MemoryDurableStore", "MemoryHotStore"]
