"""The environments of packages that we are compared with: each has its own, as their needs do not go together."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def vendor_python(vendor: str) -> str:
    """The interpreter of a vendor's own environment, made when it is first asked for."""
    folder = ROOT / ".venv" / ".decode" / vendor
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        requirements = ROOT / "requirements" / "vendors" / f"{vendor}.txt"
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        install = [uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(requirements)]
        subprocess.run(install, check=True)
    return str(python)
