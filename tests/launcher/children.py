"""Small real children for the launcher's tests."""

import os
import sys
from pathlib import Path

from engine.launcher.own import Command, program
from engine.launcher.process import Program

READY = "import os; os.write(int(os.environ['TICKTREE_READY_FD']), b'1')\n"
PATIENT = READY + "import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PATIENT


def python(code: str, *, name: str = "child", ready_within_s: float = 30.0, stop_within_s: float = 2.0) -> Program:
    command = Command((sys.executable, "-c", code), environment=dict(os.environ))
    return program(name, command, ready_within_s=ready_within_s, stop_within_s=stop_within_s)


def lives(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
