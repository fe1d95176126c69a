"""The embedded Valkey: its configuration, its address, and how to see that it answers."""

import os
import signal
import socket
from pathlib import Path

from engine.storage.embedded.binaries import valkey_server
from engine.storage.embedded.folder import Credentials, ServerFolder, write_private
from engine.storage.embedded.process import ServerProcess

_SOCKET_PATH_LIMIT = 100
"""Longest path of a Unix socket, in bytes, with some air: Linux takes 107, macOS 103."""
_PROBE_TIMEOUT_S = 0.5


def prepare_valkey(data_folder: Path, *, databases: int = 16) -> ServerProcess:
    """A Valkey server that keeps what it holds in ``data_folder/valkey``."""
    folder = ServerFolder(data_folder.resolve() / "valkey", orphan_signal=signal.SIGTERM)
    try:
        credentials = folder.credentials()
        configuration = folder.path / "valkey.conf"
        write_private(configuration, _configuration(folder.path, credentials, databases).encode())
        return ServerProcess(
            name="valkey",
            argv=(str(valkey_server()), str(configuration)),
            environment={"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C"},
            working_folder=folder.path,
            folder=folder,
            url=f"redis://:{credentials.password}@127.0.0.1:{credentials.port}/0",
            probe=lambda: _answers(credentials),
            stop_signal=signal.SIGTERM,
            stop_budget_s=10.0,
            notes=folder.notes,
        )
    except BaseException:
        folder.release()
        raise


def _configuration(folder: Path, credentials: Credentials, databases: int) -> str:
    lines = [
        "bind 127.0.0.1",
        f"port {credentials.port}",
        f"requirepass {credentials.password}",
        f'dir "{folder}"',
        "daemonize no",
        "set-proc-title no",  # an orphan is recognised by its command line
        'logfile ""',
        f"databases {databases}",
        "appendonly yes",  # off by default: a restart would come back empty
        "save 60 1",
        "auto-aof-rewrite-min-size 256mb",  # prices are written over every second: do not rewrite all the time
        "no-appendfsync-on-rewrite yes",  # a price that waits for the disk is late; a killed server loses nothing by it
        "maxmemory-policy noeviction",  # a full store says so; it does not forget prices
    ]
    unix_socket = folder / "valkey.sock"
    if len(os.fsencode(unix_socket)) <= _SOCKET_PATH_LIMIT:
        lines += [f'unixsocket "{unix_socket}"', "unixsocketperm 700"]
    return "\n".join(lines) + "\n"


def _answers(credentials: Credentials) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", credentials.port), _PROBE_TIMEOUT_S) as connection:
            connection.sendall(f"AUTH {credentials.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                received = connection.recv(100)
                if not received:
                    return False
                answer += received
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
