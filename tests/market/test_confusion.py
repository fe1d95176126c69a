"""The confusion matrix: what ails a symbol against what it is found to have, on simulated tapes of many seeds."""

import random
from collections import Counter
from collections.abc import Callable
from math import ceil

import pytest

from engine.market.calendar import Calendar
from engine.market.diagnosis import RECONNECT_CURES, Cause
from engine.market.listening import Listening
from engine.market.quote import Quote, Witness, bear_witness
from engine.market.tick import Tick
from engine.market.vigil import Vigil
from tests.market.lunch import DAY_NS, WITH_LUNCH

SECOND_NS = 1_000_000_000
LUNCH = Calendar.parse(WITH_LUNCH)
SUBJECT = "XTKS:0"
MEANS_S = {SUBJECT: 2.0, **{f"XTKS:{number}": 0.5 * number for number in range(1, 9)}, "XTKS:RARE": 400.0}
SEEDS = range(6)
NOT_TOLD = frozenset({Cause.HALTED, Cause.STALLED, Cause.TOKEN_DEAD, Cause.MAPPING_DEAD, Cause.SUBSCRIPTION_LOST})


def at(hours: int, minutes: int = 0) -> int:
    return DAY_NS + (hours * 60 + minutes) * 60 * SECOND_NS


class World:
    """An exchange, its provider, one line and those who listen at it; a second at a time."""

    def __init__(self, seed: int, start_ns: int) -> None:
        self.chance = random.Random(seed)
        self.now_ns = start_ns
        self.volumes = dict.fromkeys(MEANS_S, 0)
        self.traded_ns = dict.fromkeys(MEANS_S, 0)
        self.halted: set[str] = set()
        self.withheld: set[str] = set()
        self.retired: set[str] = set()
        self.stalled = self.refused = self.mute = False
        self.vigil = Vigil(lambda _: LUNCH)
        self.listening = Listening(self.now_s)
        self.line = Cause.LIVE
        self.reconnects = 0
        self.questions = 0
        self.asked: list[str] = []
        self.newest: dict[str, Tick] = {}
        self.vigil.carry("line", list(MEANS_S), start_ns)
        self.vigil.line_is("line", Cause.LIVE, start_ns)

    @property
    def now_s(self) -> float:
        return self.now_ns / SECOND_NS

    def run(self, seconds: int, *, until: tuple[str, Cause] | None = None) -> None:
        """Seconds go by, fewer when a symbol is found to have the cause before."""
        for _ in range(seconds):
            if until is not None and self.found(until[0]) is until[1]:
                return
            self._second()

    def found(self, name: str = SUBJECT) -> Cause:
        verdict = self.vigil.verdict(name)
        assert verdict is not None
        return verdict.cause

    def _second(self) -> None:
        ticks = self._trade()
        self.now_ns += SECOND_NS
        self._listen(ticks)
        self.vigil.answered({name: self._quote(name) for name in self.asked}, self.now_ns - SECOND_NS, self.now_ns)
        self.asked = []
        self.vigil.heard(ticks, self.now_ns)
        self.vigil.line_is("line", self.line, self.now_ns)
        self.vigil.look(self.now_ns)
        if not self.mute:
            self.asked = self.vigil.take_doubtful(100)
            self.questions += bool(self.asked)

    def _trade(self) -> dict[str, Tick]:
        """The trades of a second that the line brings."""
        if not LUNCH.is_open(self.now_ns):
            return {}
        came: dict[str, Tick] = {}
        for name, mean_s in MEANS_S.items():
            if name in self.halted or self.chance.random() > 1.0 - 2.718281828 ** (-1.0 / mean_s):
                continue
            self.volumes[name] += 1
            self.traded_ns[name] = self.now_ns
            if not (self.stalled or self.refused or name in self.withheld or name in self.retired):
                came[name] = Tick(name, 1.0, 1, self.volumes[name], self.now_ns, self.now_ns + SECOND_NS // 2, "test")
        return came

    def _listen(self, ticks: dict[str, Tick]) -> None:
        self.newest |= ticks
        if self.refused:
            self.line = Cause.TOKEN_DEAD
            return
        if ticks:
            self.listening.heard(self.now_s - 0.5)
        if self.listening.doubtful(self.now_s) and LUNCH.is_open(self.now_ns) and not self.mute:
            self.questions += 1
            self.listening.asked(self.now_s, [self._witness(name) for name in self.newest])
        self.line = self.listening.look(self.now_s, is_open=LUNCH.is_open(self.now_ns))
        self.reconnects += self.line in RECONNECT_CURES

    def _quote(self, name: str) -> Quote | None:
        return None if name in self.retired else Quote(1.0, self.traded_ns[name] or None, self.volumes[name])

    def _witness(self, name: str) -> Witness:
        return bear_witness(self._quote(name), self.newest[name], 0)


def live(world: World) -> str:
    return SUBJECT


def quiet(world: World) -> str:
    world.run(3_000, until=("XTKS:RARE", Cause.QUIET))
    return "XTKS:RARE"


def night(world: World) -> str:
    world.now_ns = at(15, 29)
    world.run(180)
    return SUBJECT


def lunch(world: World) -> str:
    world.run(40 * 60)
    return SUBJECT


def halt(world: World) -> str:
    world.halted.add(SUBJECT)
    return SUBJECT


def halt_of_all(world: World) -> str:
    world.halted.update(MEANS_S)
    return SUBJECT


def stall(world: World) -> str:
    world.stalled = True
    return SUBJECT


def stall_unheard(world: World) -> str:
    """And the provider does not answer either."""
    world.stalled = world.mute = True
    return SUBJECT


def expire(world: World) -> str:
    world.refused = True
    return SUBJECT


def retire(world: World) -> str:
    world.retired.add(SUBJECT)
    return SUBJECT


def lose(world: World) -> str:
    world.withheld.add(SUBJECT)
    return SUBJECT


TRUTH: list[tuple[Callable[[World], str], Cause, bool]] = [
    (live, Cause.LIVE, False),
    (quiet, Cause.QUIET, False),
    (night, Cause.CLOSED, False),
    (lunch, Cause.CLOSED, False),
    (halt, Cause.HALTED, False),
    (halt_of_all, Cause.HALTED, False),
    (stall, Cause.STALLED, True),
    (stall_unheard, Cause.STALLED, True),
    (expire, Cause.TOKEN_DEAD, False),
    (retire, Cause.MAPPING_DEAD, False),
    (lose, Cause.SUBSCRIPTION_LOST, False),
]


def bound_s(world: World, cause: Cause, subject: str) -> int:
    """Three expected intervals: of the line where the line is at fault, of the instrument where that is."""
    if cause is Cause.STALLED:
        return ceil(3 * world.listening.expected_s)
    return ceil(3 * world.vigil.expected_s(subject)) if cause in NOT_TOLD else 3


def test_the_confusion_matrix_has_nothing_beside_its_diagonal() -> None:
    matrix: Counter[tuple[str, str, str]] = Counter()
    for seed in SEEDS:
        for ail, cause, reconnects in TRUTH:
            world = World(seed, at(10, 29))
            world.run(30 * 60 if ail is not lunch else 25 * 60)
            subject = ail(world)
            before = world.reconnects
            assert before == 0, ail.__name__
            world.run(bound_s(world, cause, subject), until=(subject, cause))
            matrix[ail.__name__, cause, world.found(subject)] += 1
            assert (world.reconnects > 0) is reconnects, ail.__name__
            if cause not in (Cause.CLOSED, Cause.STALLED, Cause.TOKEN_DEAD) and ail is not halt_of_all:
                for other in MEANS_S.keys() - {subject}:
                    assert world.found(other) in (Cause.LIVE, Cause.QUIET), (ail.__name__, other)
    table = "\n".join(
        f"{name:15} is {true:18} found {found:18} {n}" for (name, true, found), n in sorted(matrix.items())
    )
    wrong = [key for key in matrix if key[1] != key[2]]
    assert not wrong, table
    assert len(matrix) == len(TRUTH), table


def test_a_day_with_its_lunch_and_night_reconnects_nothing_and_asks_rarely() -> None:
    world = World(1, at(8, 50))
    world.run(7 * 3_600)
    assert world.reconnects == 0
    assert world.found() is Cause.CLOSED
    assert world.questions < 60


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_speaks_again_is_live_and_what_a_lost_subscription_missed_is_told(seed: int) -> None:
    world = World(seed, at(10))
    world.run(1_500)
    lose(world)
    lost_ns = world.now_ns
    world.run(120)
    assert world.vigil.take_helpless() == {"line": [SUBJECT]}
    world.run(600)
    assert world.vigil.take_helpless() == {}  # once, then it is reported
    world.withheld.clear()
    world.run(60)
    assert world.found() is Cause.LIVE
    [missed] = world.vigil.take_lost()
    assert missed.instrument == SUBJECT
    assert lost_ns - 30 * SECOND_NS < missed.start_ns <= lost_ns + SECOND_NS
    assert missed.end_ns > lost_ns + 700 * SECOND_NS
