"""What a browser complains of on its console while a page is shown: none of it may pass unseen."""

import re

from playwright.async_api import ConsoleMessage, Error, Page


class Complaints:
    """Errors on the console and exceptions that nobody caught, but for those that a test expects."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def expect(self, *patterns: str) -> None:
        """Regular expressions: what one of them is found in is no fault here."""
        self._expected += patterns

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", self._error)

    def unexpected(self) -> list[str]:
        return [said for said in self._heard if not any(re.search(pattern, said) for pattern in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._heard.append(f"{message.text} ({message.location['url']})")

    def _error(self, error: Error) -> None:
        self._heard.append(f"nobody caught {error}")
