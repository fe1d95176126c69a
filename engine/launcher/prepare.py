"""What a run takes before anything starts, and gives back when all has ended."""

import contextlib
import os
import secrets
import socket
from collections.abc import Generator, Sequence
from datetime import UTC, datetime

from config.settings import Settings
from engine.launcher.place import free_port, listen, note_run, secret_key
from engine.launcher.plan import Launch
from engine.storage.embedded import ServerProcess, prepare_postgres, prepare_valkey

LOOPBACK = "127.0.0.1"
_FIRST = "simulator"


@contextlib.contextmanager
def prepared(settings: Settings, *, new_admin_token: bool = False, output: int | None = None) -> Generator[Launch]:
    """The port, the data folder with its stores, and the environment of our own processes."""
    with contextlib.ExitStack() as taken:
        listener = taken.enter_context(listen(settings.host, settings.port))
        servers = _servers(settings, taken)
        own = settings.simulated and settings.simulator_feed_url is None
        simulator_ports = (free_port(), free_port()) if own else None
        doors = _doors(settings) if own else ()
        addresses = {
            **{_FIELDS[server.name]: server.url for server in servers},
            **_simulator(simulator_ports, doors),
        }
        note = note_run(settings.data_dir, addresses)
        taken.callback(note.unlink, missing_ok=True)
        yield Launch(
            settings,
            environment={
                **os.environ,
                **_given(settings),
                **web_environment(settings, listener),
                **{_variable(field): url for field, url in addresses.items()},
            },
            servers=servers,
            listener=listener,
            simulator_ports=simulator_ports,
            simulator_doors=doors,
            new_admin_token=new_admin_token,
            output=output,
        )


def web_environment(settings: Settings, listener: socket.socket) -> dict[str, str]:
    """What the web processes are told about their port."""
    return {
        "TICKTREE_HOST": settings.host,
        "PORT": str(listener.getsockname()[1]),
        "WEB_CONCURRENCY": "1",
    }


def _servers(settings: Settings, taken: contextlib.ExitStack) -> list[ServerProcess]:
    """The embedded stores that the settings do not replace, each with its folder claimed."""
    servers: list[ServerProcess] = []
    for url, prepare in ((settings.redis_url, prepare_valkey), (settings.database_url, prepare_postgres)):
        if url is None:
            server = prepare(settings.data_dir)
            taken.callback(server.release)
            servers.append(server)
    return servers


def _doors(settings: Settings) -> tuple[str, ...]:
    """The providers that our exchange plays beside the first, each with ports of its own."""
    return tuple(f"{name}={free_port()}/{free_port()}" for name in settings.providers if name != _FIRST)


def _simulator(ports: tuple[int, int] | None, doors: Sequence[str]) -> dict[str, str]:
    if ports is None:
        return {}
    feed, rest = ports
    return {
        "simulator_feed_url": f"ws://{LOOPBACK}:{feed}",
        "simulator_rest_url": f"http://{LOOPBACK}:{rest}/v2",
        **({"simulator_doors": ",".join(doors)} if doors else {}),
    }


def _given(settings: Settings) -> dict[str, str]:
    """What each of our processes must know alike; what stands in `.env` they read themselves."""
    key = settings.secret_key.get_secret_value() if settings.secret_key else secret_key(settings.data_dir)
    return {
        **_replay(settings),
        **({} if settings.limits_file is None else {"TICKTREE_LIMITS": str(settings.limits_file.resolve())}),
        "TICKTREE_DATA_DIR": str(settings.data_dir.resolve()),
        "TICKTREE_SECRET_KEY": key,
        "TICKTREE_ENGINE_ID": settings.engine_id or f"{socket.gethostname()}-{secrets.token_hex(4)}",
    }


def _replay(settings: Settings) -> dict[str, str]:
    """One clock for the exchange and the engine, whenever each of them starts; none when the machine's serves."""
    if settings.replay_began is not None or (settings.replay_start is None and settings.replay_speed == 1.0):
        return {}
    now = datetime.now(UTC)
    return {
        "TICKTREE_REPLAY_START": (settings.replay_start or now).isoformat(),
        "TICKTREE_REPLAY_BEGAN": now.isoformat(),
    }


def _variable(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias)


_FIELDS = {"valkey": "redis_url", "postgres": "database_url"}
