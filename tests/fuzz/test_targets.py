"""What the fuzzer begins with is understood, and a little damage to it upsets nothing: the fuzzer itself takes minutes."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import targets

RECORDINGS = (Path(__file__).parents[2] / os.environ.get("TICKTREE_RECORDINGS", "../shared/data")).resolve()


@pytest.mark.parametrize("name", sorted(targets(RECORDINGS)))
def test_a_target_survives_what_it_begins_with_and_what_a_little_damage_makes_of_it(name: str) -> None:
    target, rng = targets(RECORDINGS)[name], Random(name)
    seeds = target.seeds()
    assert seeds or not RECORDINGS.is_dir()
    for seed in rng.sample(seeds, min(20, len(seeds))):
        target.run(seed)
        for _ in range(5):
            damaged = bytearray(seed[: rng.randrange(1, 4_096)])
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            target.run(bytes(damaged))
