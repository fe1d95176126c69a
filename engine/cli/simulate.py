"""``ticktree simulate``."""

import re
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.providers.simulator.options import DoorOptions, SimulatorOptions
    from engine.providers.simulator.server import Simulator

EXAMPLES = """
\b
Faults are planned in seconds since the start: kind[:symbol][=amount][@seconds][+duration], separated by commas.
Kinds: drop freeze stall duplicate reorder corrupt bad_print level_shift close disconnect
refuse 429 error halt illiquid retire lose.

\b
Examples:
  ticktree simulate                                           200 instruments on free ports
  ticktree simulate --faults close@30,freeze@60+15,drop=0.2@90+10
  ticktree simulate --recording nifty_fut_full_2025-12-29.csv --speed 60

\b
It prints how an engine in another terminal uses it.
"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S%z"])
_ABOVE_0 = click.FloatRange(min=0, min_open=True)
_PORT = click.IntRange(0, 65535)


@click.command("simulate", epilog=EXAMPLES)
@click.option("--recording", "recordings", type=_FILE, multiple=True, help="A file to replay; may be given again.")
@click.option("--rebase", is_flag=True, help="Move recordings in time, to begin within the next minute.")
@click.option("--hold", is_flag=True, help="Wait with the first tick until somebody has subscribed.")
@click.option("--start", "replay_start", type=_TIME, help="What its clock shows first (TICKTREE_REPLAY_START).")
@click.option("--speed", "replay_speed", type=_ABOVE_0, help="Times as fast as real (TICKTREE_REPLAY_SPEED).")
@click.option("--faults", "simulator_faults", help="What goes wrong and when (TICKTREE_SIMULATOR_FAULTS).")
@click.option("--instruments", "simulator_instruments", type=int, help="How many it lists (TICKTREE_SIMULATOR_…).")
@click.option("--strikes", "simulator_strikes", type=int, help="Of option chains, on either side of the money.")
@click.option("--ticks-per-s", "simulator_ticks_per_s", type=_ABOVE_0, help="Over all of them.")
@click.option("--seed", "simulator_seed", type=int, help="The same seed gives the same market.")
@click.option("--feed-port", type=_PORT, default=0, help="Port of the feed; a free one by default.")
@click.option("--rest-port", type=_PORT, default=0, help="Port of the REST service; likewise.")
@click.option("--door", "doors", multiple=True, help="One more provider it plays: name or name=feed-port/rest-port.")
@click.option(
    "--world", "simulator_world", is_flag=True, default=None, help="List shares and futures of elsewhere, too."
)
def command(
    recordings: tuple[Path, ...],
    feed_port: int,
    rest_port: int,
    doors: tuple[str, ...],
    *,
    rebase: bool,
    hold: bool,
    **given: Any,
) -> None:
    """Run the simulated exchange alone.

    It speaks Dhan's live feed and REST calls on this machine, from a synthetic market or from recordings, and at
    other doors other providers' (simulator2, simulator_kite, simulator_yahoo, simulator_databento, simulator_relay).
    """
    from msgspec.structs import replace

    from config.loading import load_settings
    from config.logging import configure

    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    configure(settings)
    _serve(
        replace(
            _options(settings),
            recordings=recordings,
            rebase=rebase,
            hold=hold,
            feed_port=feed_port,
            rest_port=rest_port,
            doors=_doors(doors),
        )
    )


def _options(settings: "Settings") -> "SimulatorOptions":
    from engine.providers.simulator.options import SimulatorOptions

    now_ns = time.time_ns()
    start_ns = settings.replayed_ns(now_ns)
    return SimulatorOptions(
        seed=settings.simulator_seed,
        instruments=settings.simulator_instruments,
        strikes=settings.simulator_strikes,
        ticks_per_second=settings.simulator_ticks_per_s,
        start_ns=start_ns,
        began_ns=None if start_ns is None else now_ns,
        speed=settings.replay_speed,
        faults=settings.simulator_faults,
        world=settings.simulator_world,
    )


def _doors(texts: tuple[str, ...]) -> "tuple[DoorOptions, ...]":
    from engine.providers.simulator.options import DoorOptions

    found = [re.fullmatch(r"(\w+)(?:=(\d+)/(\d+))?", text) for text in texts]
    if not all(found):
        raise click.BadParameter(f"--door takes name or name=feed-port/rest-port, was {' '.join(texts)}")
    return tuple(DoorOptions(door[1], int(door[2] or 0), int(door[3] or 0)) for door in found if door)


def _serve(options: "SimulatorOptions") -> None:
    import trio

    from engine.cli.plainly import plainly
    from engine.providers.simulator.server import serve

    async def until_told_to_stop() -> None:
        async with trio.open_nursery() as nursery:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                _announce(await nursery.start(serve, options), options)
                await anext(signals)
                nursery.cancel_scope.cancel()

    with plainly():
        trio.run(until_told_to_stop)


def _announce(simulator: "Simulator", options: "SimulatorOptions") -> None:
    from engine.launcher.own import started_by_a_launcher, tell_ready

    if started_by_a_launcher():
        tell_ready()
        return
    click.echo("The simulated exchange is open. To use it, in another terminal:")
    click.echo(f"  export TICKTREE_SIMULATOR_FEED_URL={simulator.feed_url}")
    click.echo(f"  export TICKTREE_SIMULATOR_REST_URL={simulator.rest_url}")
    if options.doors:
        click.echo(
            f"  export TICKTREE_SIMULATOR_DOORS={','.join(_ports(simulator, door.name) for door in options.doors)}"
        )
        click.echo(f"  export TICKTREE_PROVIDERS={','.join(door.name for door in options.doors)}")
    if options.speed != 1.0 or options.start_ns is not None or (options.recordings and not options.rebase):
        click.echo(f"  export TICKTREE_REPLAY_START={_written(simulator.exchange.now_ns)}")
        if not options.hold:  # a clock that is held begins when the engine is there
            click.echo(f"  export TICKTREE_REPLAY_BEGAN={_written(time.time_ns())}")
        click.echo(f"  export TICKTREE_REPLAY_SPEED={options.speed:g}")
    click.echo("  ticktree run")


def _ports(simulator: "Simulator", name: str) -> str:
    address = simulator.addresses[name]
    feed, rest = (urlsplit(url).port or 0 for url in (address.feed_url, address.rest_url))
    return f"{name}={feed}/{rest}"


def _written(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
