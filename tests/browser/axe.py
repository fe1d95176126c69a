"""axe: looks at a page as somebody who can not see it, or has no mouse."""

from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

SCRIPT: Final = Path(__file__).parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"


async def violations(page: Page) -> list[str]:
    """What is wrong with the page as it is shown now, in words: the rule, what helps, and where."""
    await page.evaluate(SCRIPT.read_text())  # not a script of the page's own: the policy does not hold for it
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [_words(violation) for violation in found["violations"]]


def _words(violation: dict[str, Any]) -> str:
    places = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"])
    return f"{violation['impact']}: {violation['help']} ({violation['id']}) at {places}"
