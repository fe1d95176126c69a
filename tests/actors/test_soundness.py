"""Damage on a line makes doubtful what was read around it: told at once, while it lasts, and when it is over."""

import itertools

from actors.soundness import WINDOW_NS, Soundness
from engine.providers.base import Decoder, DecoderStatistics

NOW = 1_000 * WINDOW_NS


class Counting(Decoder):
    """A decoder of which only the counter of malformed packets matters."""

    malformed = 0

    def statistics(self) -> DecoderStatistics:
        return DecoderStatistics(malformed=self.malformed)


def test_a_sound_line_is_never_doubted() -> None:
    soundness = Soundness(Counting())
    assert [soundness.look(NOW + second * 10**9) for second in range(200)] == [None] * 200
    assert soundness.part(NOW) is None


def test_the_first_damage_is_told_at_once_and_reaches_back() -> None:
    decoder = Counting()
    soundness = Soundness(decoder)
    decoder.malformed = 1
    assert soundness.look(NOW) == NOW - WINDOW_NS
    assert soundness.look(NOW + 10**9) is None


def test_the_end_of_the_damage_is_told_once_when_the_line_has_been_sound_for_a_while() -> None:
    decoder = Counting()
    soundness = Soundness(decoder)
    decoder.malformed = 1
    soundness.look(NOW)
    assert soundness.look(NOW + WINDOW_NS) == NOW - WINDOW_NS
    assert soundness.look(NOW + 2 * WINDOW_NS) is None
    decoder.malformed = 2
    assert soundness.look(NOW + 3 * WINDOW_NS) == NOW + 2 * WINDOW_NS


def test_damage_that_lasts_is_told_again_and_again_without_a_hole() -> None:
    decoder = Counting()
    soundness = Soundness(decoder)
    stretches: list[tuple[int, int]] = []
    for second in range(0, 300, 10):
        decoder.malformed += 1
        now_ns = NOW + second * 10**9
        since_ns = soundness.look(now_ns)
        if since_ns is not None:
            stretches.append((since_ns, now_ns))
    assert stretches[0][0] == NOW - WINDOW_NS
    assert all(later[0] <= earlier[1] for earlier, later in itertools.pairwise(stretches))
    assert soundness.part(NOW + 300 * 10**9) is not None
