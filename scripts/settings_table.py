"""Writes the settings into the README's table and into `.env.example`; run it after changing `config/settings`."""

import sys
from pathlib import Path
from typing import cast

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from config.loading import expected, variables  # noqa: E402 - the tree is found through the line above

BEGIN = "<!-- settings: written by scripts/settings_table.py -->\n"
END = "<!-- settings end -->"


def default_of(field: FieldInfo) -> str:
    """The default as one would write it; empty when there is none."""
    value = "simulator" if field.default is PydanticUndefined else field.default
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else str(value)


def table() -> str:
    """The README's table."""
    rows = ["| variable | default | what it does | takes |", "|---|---|---|---|"]
    for name, field in variables().items():
        default = f"`{default_of(field)}`" if default_of(field) else ""
        rows.append(f"| `{name}` | {default} | {field.description} | {expected(field)} |")
    return "\n".join(rows) + "\n"


def example() -> str:
    """The example file: every variable with its default, commented out."""
    lines = [
        "# Copy to .env and change what you need; the README explains each line. The environment wins over this file."
    ]
    lines += [f"# {name}={default_of(field)}" for name, field in variables().items()]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """The README with the table as it is now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_table(path.read_text()))
    (ROOT / ".env.example").write_text(example())
