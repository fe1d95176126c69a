"""Telling processes apart: a number is reused, a number with its start time or its command line is not."""

import subprocess
import sys
from pathlib import Path

_LINUX = sys.platform == "linux"


def start_mark(pid: int) -> str:
    """When the process began, as the system writes it; empty when there is none."""
    if not _LINUX:
        return _ps(pid, "lstart")
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def is_same_process(pid: int, mark: str) -> bool:
    """Whether the process that had this start mark still lives."""
    return bool(mark) and start_mark(pid) == mark


def runs_from(pid: int, place: str) -> bool:
    """Whether the process is one of our servers on that folder, by its command line."""
    if pid <= 0 or not place:
        return False
    line = _command_line(pid)
    return place in line and ("valkey-server" in line or "postgres" in line)


def _command_line(pid: int) -> str:
    if not _LINUX:
        return _ps(pid, "command")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _ps(pid: int, column: str) -> str:
    command = ["/bin/ps", "-o", f"{column}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=5).stdout.strip()  # noqa: S603
