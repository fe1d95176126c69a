"""What a web process does without."""

import subprocess
import sys

LOADED = "import sys, web.app; print('trio_asyncio' in sys.modules)"


def test_a_web_process_loads_no_bridge_to_trio() -> None:
    """It puts a slower way in place of asyncio's to find the running loop: a tenth of all that a web process does."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
