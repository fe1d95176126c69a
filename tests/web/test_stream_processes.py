"""A web process that carries a stream is killed: another one goes on with it, and its owners are still known."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import anyio
import httpx
import msgspec
import pytest

from engine.storage.hot import HotStore
from tests.servers import with_database
from tests.web.engine import Engine
from tests.web.process import BEARER
from tests.web.started import StartedWeb, platform_environment
from web.streams.keeper import LOOK_S
from web.streams.price_publisher import CHANNEL

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PAIR = ["NSE:RELIANCE", "NSE:TCS"]


@pytest.fixture
def webs(redis_url: str, web_database: str, tmp_path: Path) -> Generator[list[StartedWeb]]:
    """Two of them, each with a port of its own; simulated data lives one index above the one they are given."""
    index = int(urlsplit(redis_url).path[1:])
    real = urlunsplit(urlsplit(redis_url)._replace(path=f"/{max(0, index - 1)}"))
    environment = platform_environment(real, with_database(web_database, "web"))
    with contextlib.ExitStack() as started:
        pair = [StartedWeb(environment, tmp_path / f"web-{number}") for number in (1, 2)]
        for web in pair:
            started.callback(web.kill)
        for web in pair:
            web.wait_until_ready()
        yield pair


async def test_a_killed_process_is_replaced_within_seconds(
    webs: list[StartedWeb], hot: HotStore, engine: Engine
) -> None:
    one, two = webs
    async with httpx.AsyncClient(trust_env=False, headers=BEARER, timeout=10) as http:

        async def carrier() -> str:
            (stream,) = (await http.get(f"{two.url}/screeners/ltp/")).json()["items"]
            return stream["process"]

        started = await http.post(f"{one.url}/screeners/ltp/start", json={"keys": PAIR})
        assert started.json()["status"] == "started"
        joined = await http.post(f"{two.url}/screeners/ltp/start", json={"keys": PAIR[::-1]})
        assert joined.json()["status"] == "already_running"
        first = await carrier()

        one.kill()
        killed_s = anyio.current_time()
        with anyio.fail_after(20):
            while await carrier() == first:
                await anyio.sleep(0.05)
        assert anyio.current_time() - killed_s < 5 * LOOK_S

        async with hot.subscribe(CHANNEL) as messages:
            await engine.store(4.0, "TCS")
            with anyio.fail_after(10):
                _, payload = await messages.receive()
            assert msgspec.json.decode(payload)["symbol"] == "TCS"

        stopped = await http.post(f"{two.url}/screeners/ltp/stop", json={"keys": PAIR})
        assert stopped.json()["status"] == "stopped", "both starts were of one owner"
