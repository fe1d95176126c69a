"""A Ctrl-C typed at the terminal reaches us and not what started us."""

import os
import pty
import sys
from pathlib import Path

PROGRAM = """
import signal
from engine.launcher.terminal import own_terminal
def stop(*_):
    raise SystemExit(0)
signal.signal(signal.SIGINT, stop)
with own_terminal():
    print("waiting", flush=True)
    signal.pause()
"""


def test_a_wrapper_sees_our_exit_code_and_not_the_ctrl_c(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    wrapper = f"{sys.executable} {program}; echo code=$?"
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
        os.execv("/bin/sh", ["sh", "-c", wrapper])
    assert "waiting" in read_until(terminal, "waiting")
    os.write(terminal, b"\x03")
    assert "code=0" in read_until(terminal, "code=")
    os.waitpid(pid, 0)
    os.close(terminal)


def read_until(terminal: int, word: str) -> str:
    text = ""
    while word not in text or not text.endswith("\n"):
        try:
            text += os.read(terminal, 1000).decode()
        except OSError:  # the terminal's last process has ended
            break
    return text
