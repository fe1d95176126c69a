"""The operator's pages: what happens to the engine is seen while it happens, and what is wished of it is told."""

import os
import re
import signal
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.looks import faults
from tests.browser.site import Site

pytestmark = pytest.mark.anyio

FEED = "/engine/feeds/simulator"


@contextmanager
def frozen(pid: int) -> Generator[None]:
    """A process that holds its connections and says nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_restarted_feed_is_seen_to_wait_for_its_exchange_and_to_return(ann: Page, site: Site) -> None:
    await ann.goto("/operations/feeds")
    line = ann.get_by_role("row", name="simulator/0")
    await expect(line).to_contain_text("live")
    with frozen(site.run.pids("simulator")[-1]):
        await line.get_by_role("button", name="Restart simulator").click()
        await ann.get_by_role("dialog").get_by_role("button", name="Restart").click()
        await expect(ann.get_by_role("status", name="Last command")).to_have_text(f"{FEED} was restarted.")
        await expect(line).to_contain_text(re.compile("connecting|failed|stale"))
    await expect(line).to_contain_text("live")
    await ann.get_by_role("link", name="Actors").click()
    await ann.get_by_label("Filter").fill("simulator")
    feed = ann.locator(f'[data-actor="{FEED}"]')
    await expect(feed).to_contain_text("running")
    await expect(feed.get_by_role("cell").nth(4)).not_to_have_text("0")


async def test_a_command_that_is_refused_says_why(ann: Page, complaints: Complaints) -> None:
    complaints.expect(r"409 .*/admin/actors/")
    await ann.goto("/operations/tree")
    await ann.get_by_role("button", name="engine /engine", exact=True).click()
    await ann.get_by_role("complementary", name="Actor").get_by_role("button", name="Restart").click()
    await ann.get_by_role("dialog").get_by_role("button", name="Restart").click()
    await expect(ann.get_by_role("alert")).to_contain_text("Refused (409)")


async def test_a_day_is_chosen_by_keyboard_and_its_scan_is_seen_to_end(ann: Page) -> None:
    await ann.goto("/operations/completeness")
    await ann.locator('[data-cell="0 0"]').focus()
    await ann.keyboard.press("ArrowRight")
    await ann.keyboard.press("Enter")
    await ann.get_by_role("button", name="Find and heal what is missing").click()
    await expect(ann.get_by_role("status", name="Last command")).to_contain_text("has begun")
    job = ann.get_by_role("table", name="Heal jobs").get_by_role("row", name="scan-").first  # the newest
    await expect(job).to_contain_text("done")
    await expect(job).to_contain_text("1 of 1 steps")


async def test_somebody_is_kept_out_and_let_in_again(ann: Page, site: Site) -> None:
    site.run.command("users", "add", "bob@example.org", said=f"{site.password}\n")
    await ann.goto("/operations/users")
    bob = ann.get_by_role("row", name="bob@example.org")
    for word, state in (("Disable", "disabled"), ("Enable", "active")):
        await bob.get_by_role("button", name=word).click()
        await ann.get_by_role("dialog").get_by_role("button", name=f"{word} it").click()
        await expect(bob.get_by_role("cell", name=state)).to_be_visible()


async def test_a_bonus_is_entered_as_it_was_announced_and_taken_back(ann: Page) -> None:
    await ann.goto("/operations/corporate-actions")
    await ann.get_by_text("Enter one", exact=True).click()
    form = ann.get_by_role("form", name="New action")
    await form.get_by_label("Instrument").fill("NSE:ITC")
    await form.get_by_label("Ex-date").fill("2024-10-28")
    await form.get_by_label("Kind").select_option("bonus")
    await form.get_by_label("Ratio").fill("1:2")
    await form.get_by_role("button", name="Enter it").click()
    row = ann.get_by_role("row", name="NSE:ITC")
    await expect(row).to_contain_text("Bonus 1:2")
    await row.get_by_role("button", name="Take back").click()
    await ann.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    await expect(row).to_have_count(0)


async def test_the_ticks_of_a_share_are_kept_by_a_tick(ann: Page) -> None:
    await ann.goto("/operations/instruments")
    await ann.get_by_label("Find").fill("ITC")
    await ann.get_by_role("button", name="Show").click()
    ticks = ann.get_by_role("row", name="NSE:ITC ").get_by_role("checkbox")
    await ticks.click()
    await expect(ticks).to_be_checked()
    await expect(ann.get_by_role("status", name="Last command")).to_contain_text("The ticks of NSE:ITC are kept")


async def test_every_page_says_what_it_shows_and_is_accessible(ann: Page) -> None:
    await ann.goto("/operations")
    pages = ann.get_by_role("navigation", name="Operations").get_by_role("link")
    await expect(pages).to_have_count(12)
    for link in await pages.all():
        await link.click()
        await expect(ann.get_by_role("heading", level=2, name=await link.inner_text())).to_be_visible()
        await expect(ann.get_by_text(re.compile("^(Asking|Counting) "))).to_have_count(0)
        assert await faults(ann) == [], await link.inner_text()
