"""A whole ticktree with its screen, and somebody who may sign in."""

from dataclasses import dataclass

from playwright.async_api import BrowserContext

from tests.launcher.whole import Run

EXPECTS_A_SESSION = "localStorage.setItem('ticktree.session', 'expected')"
"""What the sign-in page leaves behind: without it no page asks whether its cookie is good (web/ui/src/session/memory.ts)."""


@dataclass(frozen=True)
class Site:
    """Runs until the folder's last test has ended."""

    run: Run
    url: str
    email: str = "ann@example.org"
    password: str = "vexed-otter-climbs"

    async def sign_in(self, context: BrowserContext) -> None:
        """As an administrator: the browser has the cookie, and the next page it opens is hers."""
        answered = await context.request.post(
            f"{self.url}/auth/login",
            data={"email": self.email, "password": self.password, "client": "browser"},
            headers={"Origin": self.url},
        )
        assert answered.ok, await answered.text()
        await context.add_init_script(EXPECTS_A_SESSION)
