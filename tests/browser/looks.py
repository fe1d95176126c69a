"""Each theme, on a phone and on a desk."""

from typing import Final, Literal

from playwright.async_api import Page

from tests.browser.axe import violations

PHONE: Final = (390, 844)
DESK: Final = (1280, 800)
LOOKS: Final[tuple[tuple[Literal["dark", "light"], tuple[int, int]], ...]] = (
    ("light", PHONE),
    ("light", DESK),
    ("dark", PHONE),
    ("dark", DESK),
)


async def faults(page: Page) -> list[str]:
    """What axe finds in any look, and where the page is wider than its window. It is left dark and on a desk."""
    found: list[str] = []
    for theme, (width, height) in LOOKS:
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": width, "height": height})
        found += [f"{theme}, {width} wide: {words}" for words in await violations(page)]
        widest = await page.evaluate("document.documentElement.scrollWidth")
        found += [f"{theme}: {widest} wide in a window of {width}"] if widest > width else []
    return found
