"""Coming in by the page: registering as who runs the installation, signing in and out, and what is told when it fails."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.site import Site
from tests.launcher.whole import CANARY

pytestmark = pytest.mark.anyio


async def test_who_runs_it_registers_with_the_printed_token_and_operates_it(page: Page) -> None:
    await page.goto("/register")
    await page.get_by_label("Email").fill("operator@example.org")
    await page.get_by_label("Password").fill("vexed-otter-climbs")
    await page.get_by_text("I run this installation").click()
    await page.get_by_label("Administrator's token").fill(CANARY)
    await page.get_by_role("button", name="Register").click()

    await page.get_by_role("link", name="Operations").click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_wanted(
    page: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect(r"401 .*/auth/login")
    await page.goto("/settings")
    await page.get_by_label("Email").fill(site.email)
    await page.get_by_label("Password").fill("vexed-otter-slips")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("password")

    await page.get_by_label("Password").fill(site.password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in*")
    await page.reload()
    await expect(page.get_by_label("Email")).to_be_visible()
