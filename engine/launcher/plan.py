"""The launcher's one page: which processes there are, in start order, and what each is given."""

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from config.settings import Settings
from engine.launcher.actors import Children, ProcessActor, TaskProcessActor
from engine.launcher.own import Command, program
from engine.launcher.process import Program
from engine.launcher.servers import server_program
from engine.runtime import Backoff, ChildSpec, Restart, Strategy, Supervisor
from engine.storage.embedded import ServerProcess

OURS = (sys.executable, "-m", "engine")
"""How a process of ours is started."""

BACKOFF = Backoff(initial_s=0.5, maximum_s=30.0)
STORM = 100
"""Restarts a minute that end the launcher: with the backoff above only a broken launcher gets there."""

_SURE_S = 5.0
"""What a process gets beyond its own budget, to be killed and waited for."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What one run has: taken before anything starts, given back when all has ended."""

    settings: Settings
    environment: Mapping[str, str]
    """The variables of our own processes."""
    servers: Sequence[ServerProcess] = ()
    """The embedded stores; none where the settings name servers."""
    listener: socket.socket | None = None
    """The web's socket."""
    simulator_ports: tuple[int, int] | None = None
    """Feed and REST port of the simulated exchange, when we run one."""
    simulator_doors: Sequence[str] = ()
    """The providers it plays beside the first, with their ports, as ``name=port/port``."""
    new_admin_token: bool = False
    output: int | None = None
    """Descriptor for what our own processes print; ours when ``None``."""

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the web."""
        port = self.listener.getsockname()[1] if self.listener else self.settings.port
        host = "127.0.0.1" if self.settings.host in {"0.0.0.0", "::"} else self.settings.host  # noqa: S104 - compared
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def everything(launch: Launch, children: Children) -> ChildSpec:
    """Stores, exchange, tables, engine, web: each ready before the next starts, stopped in reverse.

    Each is restarted alone: the engine lives through an outage of a store, and the web through one of the engine.
    """
    prepare = ("prepare", "--new-admin-token") if launch.new_admin_token else ("prepare",)
    return processes(
        [
            *(_server(launch, server, children) for server in launch.servers),
            *_simulator(launch, children),
            once(_ours(launch, "prepare", *prepare), children),
            lasting(_ours(launch, "engine", "run", "--role", "engine", stop_within_s=45), children),
            *_webs(launch, children),
        ]
    )


def webs(launch: Launch, children: Children) -> ChildSpec:
    """Several web processes behind one port, and nothing else."""
    return processes(list(_webs(launch, children)))


def processes(specs: Sequence[ChildSpec]) -> ChildSpec:
    """The root of a launcher's tree."""
    root = partial(Supervisor, children=specs, strategy=Strategy.ONE_FOR_ONE, intensity=STORM, period_s=60)
    return ChildSpec("launcher", root, shutdown_s=sum(spec.shutdown_s for spec in specs))


def lasting(program: Program, children: Children) -> ChildSpec:
    """A process that shall run for ever."""
    start = partial(ProcessActor, program, children)
    return ChildSpec(program.name, start, shutdown_s=program.stop_within_s + _SURE_S, backoff=BACKOFF)


def once(program: Program, children: Children) -> ChildSpec:
    """A process that does one thing; without its success nothing after it starts."""
    start = partial(TaskProcessActor, program, children)
    return ChildSpec(program.name, start, restart=Restart.TEMPORARY, shutdown_s=program.stop_within_s + _SURE_S)


def _server(launch: Launch, server: ServerProcess, children: Children) -> ChildSpec:
    return lasting(server_program(server, launch.settings.data_dir / f"{server.name}.log"), children)


def _simulator(launch: Launch, children: Children) -> list[ChildSpec]:
    if not launch.simulator_ports:
        return []
    feed, rest = map(str, launch.simulator_ports)
    doors = [argument for door in launch.simulator_doors for argument in ("--door", door)]
    exchange = _ours(launch, "simulator", "simulate", "--feed-port", feed, "--rest-port", rest, *doors)
    return [lasting(exchange, children)]


def _webs(launch: Launch, children: Children) -> list[ChildSpec]:
    if not launch.listener:
        return []
    descriptor = launch.listener.fileno()
    arguments = ("run", "--role", "web", "--listen-fd", str(descriptor))
    return [
        lasting(_ours(launch, f"web-{number}", *arguments, descriptors=(descriptor,), stop_within_s=10), children)
        for number in range(1, launch.settings.web_concurrency + 1)
    ]


def _ours(
    launch: Launch, name: str, *arguments: str, descriptors: tuple[int, ...] = (), stop_within_s: float = 5.0
) -> Program:
    command = Command((*OURS, *arguments), launch.environment, descriptors, launch.output)
    return program(name, command, ready_within_s=60.0, stop_within_s=stop_within_s)
