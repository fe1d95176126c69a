"""``python -m tests.fuzz.one TARGET SECONDS RECORDINGS FOUND``: fuzz one target; atheris ends the process."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

atheris: Any = import_module("atheris")  # it has an environment of its own, and is unknown in ours

with atheris.instrument_imports(include=["engine"]):
    from tests.fuzz.targets import targets

_LARGEST_INPUT = 4_096


def main(name: str, seconds: str, recordings: str, found: str) -> None:
    """Never returns; what makes the target fail is left in the folder ``found``."""
    target = targets(Path(recordings))[name]
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(target.seeds()):
            (Path(seeds) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-max_len={_LARGEST_INPUT}", "-print_final_stats=1"]
        atheris.Setup([name, *limits, f"-artifact_prefix={found}/", seeds], target.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
