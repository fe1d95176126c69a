"""The browser program under load: the frames it draws while 500 prices change, what its memory does, what it weighs."""

import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import APIResponse, Browser, Page, Playwright, Response, ViewportSize, sync_playwright

from benchmarks.processes import our, timed_feed
from benchmarks.stores import free_port, own_stores, symbol

INSTRUMENTS = 500
RATE = 2_000
MEMORY_S = 600
PATIENCE_MS = 60_000
CELLS = 500
WINDOW = ViewportSize(width=1280, height=2_100)
"""High enough for as many cells of the 500 rows."""
ALL_ROWS, ZOOM = ViewportSize(width=1280, height=20_000), 0.25
"""So that all 500 rows are in sight, each drawn at a quarter of its size."""
EMAIL, PASSWORD = "bench@example.org", "kettle-drum-meadow-17"
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
    "--enable-precise-memory-info",
]
SHOWN = """
count => [...document.querySelectorAll('[data-field=ltp]')].filter(cell => /[0-9]/.test(cell.textContent)).length === count
"""
VISIBLE = """
() => [...document.querySelectorAll('tbody [data-field]')].filter(cell => {
  const {top, bottom} = cell.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}).length
"""
FRAMES = """
seconds => new Promise(done => {
  const began = performance.now();
  let frames = 0, longest = 0, before = began;
  const count = now => {
    frames += 1;
    longest = Math.max(longest, now - before);
    before = now;
    if (now - began < seconds * 1000) requestAnimationFrame(count);
    else done({fps: frames / (now - began) * 1000, longest_ms: longest});
  };
  requestAnimationFrame(count);
})
"""
HEAP = "() => { gc(); return performance.memory.usedJSHeapSize }"
CHANGES = """
seconds => new Promise(done => {
  let changes = 0;
  const observer = new MutationObserver(told => { changes += told.length; });
  for (const cell of document.querySelectorAll('[data-field=ltp]'))
    observer.observe(cell, {characterData: true, childList: true, subtree: true});
  setTimeout(() => { observer.disconnect(); done(changes / seconds); }, seconds * 1000);
})
"""


def run(seconds: float) -> dict[str, float]:
    """``fps_2000``: frames a second with 500 cells in sight, of a list of 500 prices that change 2,000 times a second.

    ``longest_frame_ms`` is the worst of those frames; ``changes_per_s`` are the prices that changed in the list;
    ``fps_all_rows`` is the same with all 500 rows in sight, which no screen is high enough for; ``heap_growth_mb`` is over
    ten minutes; ``script_kb`` is what a first visit loads until the prices show, as it travels. It takes some eleven minutes.
    """
    feed_port, web_port = free_port(), free_port()
    with (
        own_stores(INSTRUMENTS) as stores,
        timed_feed(feed_port, INSTRUMENTS, RATE),
        our("engine", stores, feed_port),
        our("web", stores, feed_port, web_port),
        sync_playwright() as playwright,
        _chromium(playwright) as browser,
    ):
        return _measured(browser, f"http://127.0.0.1:{web_port}", seconds)


def _chromium(playwright: Playwright) -> Browser:
    """The system's browser, without what it would do of its own accord meanwhile."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("benchmarks: no Chromium is installed: apt-get install chromium")
    return playwright.chromium.launch(executable_path=program, args=QUIETLY)


def _measured(browser: Browser, address: str, seconds: float) -> dict[str, float]:
    page = browser.new_context(base_url=address, viewport=WINDOW).new_page()
    weights: dict[str, int] = {}
    page.on("response", lambda response: _weigh(response, weights))
    _register(page)
    _open_list_of_all(page)
    script_bytes = sum(weights.values())
    assert page.evaluate(VISIBLE) >= CELLS
    frames = page.evaluate(FRAMES, seconds)
    return {
        "fps_2000": frames["fps"],
        "longest_frame_ms": frames["longest_ms"],
        "changes_per_s": page.evaluate(CHANGES, seconds),
        "heap_growth_mb": _heap_growth(page) / 1e6,
        "script_kb": script_bytes / 1024,
        "fps_all_rows": _fps_of_all_rows(page, address, seconds),
    }


def _fps_of_all_rows(page: Page, address: str, seconds: float) -> float:
    """Of another window of the same person, while the first one is gone."""
    browser, state = page.context.browser, page.context.storage_state()
    assert browser is not None
    page.close()
    context = browser.new_context(base_url=address, viewport=ALL_ROWS, device_scale_factor=ZOOM, storage_state=state)
    high = context.new_page()
    high.goto("/watchlist")
    high.wait_for_function(SHOWN, arg=INSTRUMENTS, timeout=PATIENCE_MS)
    return high.evaluate(FRAMES, seconds)["fps"]


def _weigh(response: Response, weights: dict[str, int]) -> None:
    """What a script weighs as it travels: ours come packed, and say how long they are."""
    if response.request.resource_type == "script" and response.status == 200:
        weights[response.url] = int(response.headers["content-length"])


def _register(page: Page) -> None:
    page.goto("/register", timeout=PATIENCE_MS)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    page.get_by_role("navigation", name="Pages").wait_for(timeout=PATIENCE_MS)


def _open_list_of_all(page: Page) -> None:
    token = _told(page.request.post("/auth/login", data={"email": EMAIL, "password": PASSWORD}))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    names = [f"NSE:{symbol(number)}" for number in range(INSTRUMENTS)]
    made = _told(page.request.post("/watchlists/", data={"name": "All", "instruments": names}, headers=headers))
    preferences = {"preferences": {"list": f"watchlist:{made['id']}"}}
    _told(page.request.put("/preferences", data=preferences, headers=headers))
    page.goto("/watchlist")
    page.wait_for_function(SHOWN, arg=INSTRUMENTS, timeout=PATIENCE_MS)


def _told(response: APIResponse) -> Mapping[str, Any]:
    assert response.ok, f"{response.url}: {response.status} {response.text()}"
    return response.json()


def _heap_growth(page: Page) -> float:
    """Bytes that scripts hold more after ten minutes, what nothing refers to swept away first."""
    before = page.evaluate(HEAP)
    end_s = time.monotonic() + MEMORY_S
    while (left_s := end_s - time.monotonic()) > 0:
        print(f"memory: {left_s:.0f} s to go", file=sys.stderr)
        page.wait_for_timeout(min(left_s, 60) * 1_000)
    return page.evaluate(HEAP) - before
