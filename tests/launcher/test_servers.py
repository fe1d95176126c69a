"""The embedded servers as programs of the launcher."""

import os
import stat
from pathlib import Path

import pytest

from engine.launcher.process import Process, ProcessError
from engine.launcher.servers import server_program
from engine.storage.embedded import prepare_valkey


async def test_a_server_is_ready_when_it_lets_clients_in_and_writes_its_own_log(data_folder: Path) -> None:
    log = data_folder / "valkey.log"
    server = prepare_valkey(data_folder)
    process = Process(server_program(server, log))
    try:
        await process.ready()
        assert server.is_ready()
        assert os.getpgid(process.pid) == process.pid
    finally:
        assert await process.stop() == 0
        server.release()
    assert "Ready to accept connections" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_a_server_that_can_not_start_says_where_its_reasons_are(data_folder: Path) -> None:
    log = data_folder / "valkey.log"
    server = prepare_valkey(data_folder)
    (data_folder / "valkey" / "valkey.conf").write_text("nonsense\n")
    process = Process(server_program(server, log))
    with pytest.raises(ProcessError, match=r"ended with exit code 1\. What it said is in .*valkey\.log\."):
        await process.ready()
    server.release()
    assert "nonsense" in log.read_text()


async def test_a_full_log_gives_way_at_the_next_start(data_folder: Path) -> None:
    log = data_folder / "valkey.log"
    log.write_bytes(b"x" * 10_000_001)
    server = prepare_valkey(data_folder)
    process = Process(server_program(server, log))
    await process.ready()
    await process.stop()
    server.release()
    assert log.stat().st_size < 100_000
    assert log.with_suffix(".old.log").stat().st_size == 10_000_001
