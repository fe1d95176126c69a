"""Alerts: from an instrument to a rule, and from a rule to what is told on whatever page one is."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.complaints import Complaints

pytestmark = pytest.mark.anyio


async def test_a_rule_made_of_an_instrument_is_told_on_another_page(ann: Page) -> None:
    await ann.goto("/watchlist")
    await ann.get_by_role("link", name="Alert me of NSE:RELIANCE", exact=True).click()
    form = ann.get_by_role("form", name="New rule")
    await expect(form.get_by_label("Instrument")).to_have_value("NSE:RELIANCE")
    assert await violations(ann) == []

    await form.get_by_label("Value").fill("1")
    await form.get_by_label("Name").fill("alive")
    await form.get_by_role("button", name="Alert me").click()
    await ann.get_by_role("link", name="Settings", exact=True).click()
    toast = ann.get_by_role("region", name="Alerts", exact=True)
    await expect(toast).to_contain_text("NSE:RELIANCE rose to 1: it is at")
    assert await violations(ann) == []

    await toast.get_by_role("link", name="All alerts").click()
    await expect(ann.get_by_role("table", name="What was told")).to_contain_text("alive")
    rules = ann.get_by_role("table", name="Your rules")
    await expect(rules).to_contain_text("told")
    await toast.get_by_role("button", name="Dismiss").click()
    await expect(toast.get_by_role("button")).to_have_count(0)

    await rules.get_by_role("button", name="Delete").click()
    await expect(ann.get_by_text("You have no rule yet")).to_be_visible()
    await ann.get_by_role("button", name="Show me one").click()
    await expect(toast).to_contain_text("Example")


async def test_a_webhook_within_the_own_network_is_refused_in_words(ann: Page, complaints: Complaints) -> None:
    complaints.expect("400 .*/api/v1/alerts/webhooks")
    await ann.goto("/alerts")
    form = ann.get_by_role("form", name="New webhook")
    await form.get_by_label("Name").fill("mine")
    await form.get_by_label("Address").fill("https://127.0.0.1/hook")
    await form.get_by_role("button", name="Add it").click()
    await expect(ann.get_by_role("alert")).to_contain_text("no address of a private network")
    await form.get_by_label("Address").fill("https://example.org/hook")
    await form.get_by_role("button", name="Add it").click()
    await expect(ann.get_by_text("It is shown this once")).to_be_visible()
    await ann.get_by_role("button", name="I have kept it").click()
    assert await violations(ann) == []
