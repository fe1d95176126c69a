"""Resuming, whatever happens: the client's series is the server's, each gap is declared, and no revision is told twice."""

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.web.sources.resuming import MINUTE_NS, NAME, RING, Follower, Process, World
from web.protocol import CandleValue, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENTS = 3
STEPS = 150
LIVES = 15


class Life:
    """Cuts, slow readers, restarts of web processes and of Redis, heals, saves, overflows, an engine that dies.

    Steps are drawn by weight: were all as likely, something would always have just been destroyed, and little be resumed.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.world = World()
        self.clients = [Follower(self.world) for _ in range(CLIENTS)]
        self._steps: dict[Callable[[], object], float] = {
            self._take: 20,
            self._read: 15,
            self._close_minutes: 12,
            self._come: 10,
            self._wait: 8,
            self._heal: 6,
            self._go: 6,
            self._slow: 3,
            self._save: 3,
            self._overflow_after_a_save: 2,
            self._restart_a_web_process: 2,
            self._die: 0.5,
            self._restart_redis: 0.3,
            self.world.flush_redis: 0.3,
        }

    def live(self) -> None:
        for client in self.clients:
            client.connect(self.world.processes[0])
        for step in self._random.choices(list(self._steps), list(self._steps.values()), k=STEPS):
            step()
            self._check()
        while self._settle():
            pass
        truth = self.world.truth()
        assert all(client.series == truth for client in self.clients)

    def _check(self) -> None:
        """Revisions come from the server alone, and none is newer than what it has."""
        truth = self.world.truth()
        for client in self.clients:
            assert all(known[0] <= truth[time][0] for time, known in client.series.items())

    def _settle(self) -> bool:
        """All come, and all is read; whether somebody was too slow and has to come again."""
        for client in self.clients:
            if client.process is None:
                client.connect(self._random.choice(self.world.processes))
            client.congest(congested=False)
        for _ in range(2):
            for process in self.world.processes:
                process.take()
            for client in self.clients:
                client.read()
        return any(client.process is None for client in self.clients)

    def _take(self) -> None:
        self._random.choice(self.world.processes).take()

    def _read(self) -> None:
        self._random.choice(self.clients).read()

    def _close_minutes(self) -> None:
        for _ in range(self._random.choice([1, 1, 1, 2, 3, RING + 2])):
            self.world.close_minute()
            self.world.now_ms += self._random.choice([0, 1, 200])

    def _come(self) -> None:
        client, process = self._random.choice(self.clients), self._random.choice(self.world.processes)
        client.connect(process)
        if self._random.random() < 0.7:
            process.take()
            client.read()

    def _wait(self) -> None:
        self.world.now_ms += self._random.choice([1, 50, 3_000, 15_000, 90_000])

    def _heal(self) -> None:
        self.world.revise(self._random.randrange(8))

    def _go(self) -> None:
        self._random.choice(self.clients).disconnect()

    def _slow(self) -> None:
        self._random.choice(self.clients).congest(congested=self._random.random() < 0.5)

    def _save(self) -> None:
        self.world.save()

    def _overflow_after_a_save(self) -> None:
        """Somebody goes, the stream forgets where it was, and the database knows more than the stream has forgotten."""
        client = self._random.choice(self.clients)
        client.read()
        client.disconnect()
        self.world.revise(self._random.randrange(4))
        for _ in range(RING):
            self.world.close_minute()
        self.world.now_ms += 90_000
        self.world.save()
        self._close_minutes()
        for process in self.world.processes:
            process.take()

    def _restart_a_web_process(self) -> None:
        number = self._random.randrange(2)
        for client in self.clients:
            if client.process is self.world.processes[number]:
                client.disconnect()
        self.world.processes[number] = Process(self.world)

    def _die(self) -> None:
        """The engine keeps a candle and dies before it tells of it."""
        self.world.close_minute(told=False)

    def _restart_redis(self) -> None:
        self.world.restart_redis(empty=self._random.random() < 0.5)


@pytest.mark.parametrize("first", range(0, 4 * LIVES, LIVES))
def test_whatever_happens_a_client_ends_with_the_servers_series(first: int) -> None:
    lived: Counter[str] = Counter()
    for seed in range(first, first + LIVES):
        life = Life(seed)
        try:
            life.live()
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
        finally:
            life.world.end()
        for client in life.clients:
            lived.update(declared=client.declared, recovered=client.recovered, stored=client.stored)
    assert lived["recovered"] > 4 * LIVES
    assert lived["stored"] > LIVES // 2
    assert lived["declared"] > LIVES


def resumed(world: World, client: Follower) -> Follower:
    """On a web process that has just begun."""
    world.processes[1] = Process(world)
    client.connect(world.processes[1])
    world.processes[1].take()
    client.read()
    return client


def followed(world: World) -> Follower:
    client = Follower(world)
    client.connect(world.processes[0])
    world.close_minute()
    world.processes[0].take()
    client.read()
    client.disconnect()
    world.now_ms += 30_000
    return client


def test_what_the_stream_still_has_is_told_from_it() -> None:
    world = World()
    client = followed(world)
    world.close_minute()
    resumed(world, client)
    assert (client.declared, client.stored, client.series) == (1, 0, world.truth())
    world.end()


def test_what_the_stream_has_dropped_is_told_from_the_stores() -> None:
    world = World()
    client = followed(world)
    world.revise(0)
    for _ in range(RING + 3):
        world.close_minute()
    world.save()
    world.now_ms += 90_000
    world.save()
    for _ in range(3):
        world.close_minute()
    resumed(world, client)
    assert (client.declared, client.stored) == (1, 1)
    world.now_ms += 1_000
    world.close_minute()
    world.processes[1].take()
    client.read()
    assert client.series == world.truth()
    world.end()


def test_what_an_engine_kept_and_never_told_is_told_from_the_stores() -> None:
    world = World()
    client = followed(world)
    world.close_minute()
    world.now_ms += 30_000
    world.close_minute(told=False)
    world.now_ms += 30_000
    world.close_minute()
    resumed(world, client)
    assert (client.declared, client.stored, client.series) == (1, 1, world.truth())
    world.end()


def test_what_nobody_can_say_is_whole_is_declared_lost() -> None:
    world = World()
    client = followed(world)
    for _ in range(RING + 3):
        world.close_minute()  # not saved yet, and partly dropped
    resumed(world, client)
    assert (client.declared, client.stored, client.series) == (2, 0, world.truth())
    world.end()


@pytest.mark.parametrize("stored", [False, True])
def test_what_was_told_as_final_does_not_form_again(stored: bool) -> None:
    """The store shows a candle as the newest that forms for some seconds after it has closed."""
    world = World()
    client = followed(world)
    for _ in range(RING + 2 if stored else 1):
        world.close_minute()
    world.now_ms += 90_000
    world.save()
    world.close_minute()
    resumed(world, client)
    newest_ms = max(client.series)
    hub = world.processes[1].hub
    for behind, forms in ((1, False), (0, False), (-1, True)):
        time_ns = newest_ms * 1_000_000 - behind * MINUTE_NS
        hub.put_forming(CandleValue(NAME, "1m", time_ns, 1.0, 1.0, 1.0, 1.0, 1))
        (topic,) = hub.topics(Kind.CANDLE)
        assert (topic.value is not None) is forms
    assert (client.declared, client.stored) == (1, int(stored))
    world.end()
