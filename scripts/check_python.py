"""Says in one sentence what a machine lacks to build the virtual environment; runs on any Python 3."""

import importlib.util
import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        f"ticktree: needs Python 3.11 or newer, was {sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}). "
        "Name another: make PYTHON=python3.12 run"
    )
if importlib.util.find_spec("ensurepip") is None:
    sys.exit(
        f"ticktree: {sys.executable} can not make virtual environments. "
        "On Debian and Ubuntu: sudo apt-get install python3-venv"
    )
