"""The terminal's Ctrl-C for us alone: make and other wrappers would otherwise be interrupted too and call it a failure."""

import contextlib
import os
import signal
import sys
from collections.abc import Generator


@contextlib.contextmanager
def own_terminal() -> Generator[None]:
    """Within the block we are the terminal's foreground group; does nothing when we lead one already, or without a terminal."""
    if not sys.stdin.isatty() or os.getpgrp() == os.getpid() or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    before = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # giving the terminal away from the background would stop us
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # Ctrl-Z would stop us and leave the wrapper waiting
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(0, before)
