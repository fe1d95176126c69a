"""Screeners in a browser, before the real engine: run, seen to the end, written, refused with the part, taken away."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.looks import faults

pytestmark = pytest.mark.anyio

OUTCOME = re.compile(r"\d+ of \d+ match")


async def test_a_run_is_told_to_its_end_and_its_result_stays(ann: Page) -> None:
    await ann.goto("/screeners")
    await ann.get_by_label("Screener", exact=True).select_option(
        "longterm"
    )  # the watchlist's tests need all of `swing`
    await expect(ann.get_by_text("close above sma(50)")).to_be_visible()
    await ann.get_by_role("button", name="Run").click()
    await expect(ann.get_by_role("status", name="Run")).to_contain_text("Done:")
    await expect(ann.get_by_role("status", name="Result")).to_contain_text(OUTCOME)
    assert await faults(ann) == []

    await ann.reload()
    await expect(ann.get_by_role("status", name="Result")).to_contain_text(OUTCOME)


async def test_an_own_one_is_written_refused_mended_run_and_taken_away(ann: Page, complaints: Complaints) -> None:
    await ann.goto("/screeners/swing")
    await ann.get_by_role("button", name="New screener").click()
    await ann.get_by_label("Name").fill("Anything that trades")
    condition = ann.get_by_label("Condition 1", exact=True)
    await condition.fill("volumee")
    await ann.get_by_label("number or indicator").fill("0")
    await ann.get_by_label("Sort by").fill("close")
    complaints.expect("400")
    await ann.get_by_role("button", name="Save").click()
    await expect(condition).to_have_attribute("aria-invalid", "true")
    await expect(ann.get_by_text("There is no indicator 'volumee'; near it: volume").first).to_be_visible()
    assert await faults(ann) == []

    await condition.fill("close")
    await ann.get_by_role("button", name="Save").click()
    await expect(ann.get_by_label("Screener", exact=True).locator("option:checked")).to_have_text(
        "Anything that trades"
    )
    await ann.get_by_role("button", name="Run").click()
    await expect(ann.get_by_role("status", name="Result")).to_contain_text(OUTCOME)

    await ann.get_by_role("button", name="Delete").click()
    await ann.get_by_role("button", name="Delete it").click()
    await expect(ann.get_by_label("Screener", exact=True)).not_to_contain_text("Anything that trades")
