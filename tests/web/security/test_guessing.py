"""Guessing: how long a sign-in takes tells nobody anything."""

import statistics
import time

import pytest

from tests.web.accounts.test_auth import EMAIL, registered, signed_in
from tests.web.process import BEARER, Web

pytestmark = pytest.mark.anyio

ROUNDS = 9


def another(_: str) -> str:
    """An address that nobody has come from yet."""
    return str(time.perf_counter_ns())


async def test_an_unknown_account_a_disabled_one_and_a_wrong_password_take_the_same_time(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison takes ten times as long as everything else: without one the difference would be plain."""
    monkeypatch.setattr("web.routes.auth.limit_key", another)  # nobody has to wait
    await registered(web)
    gone = await registered(web, "gone@example.org")
    identity = (await gone.get("/auth/me")).json()["id"]
    assert (await web.http.delete(f"/users/{identity}", headers=BEARER)).status_code == 200
    took: dict[str, list[float]] = {EMAIL: [], "gone@example.org": [], "nobody@example.org": []}
    for _ in range(ROUNDS):
        for email, times in took.items():
            began = time.perf_counter()
            assert (await signed_in(web, email, "vexed-otter-climbed")).status_code == 401
            times.append(time.perf_counter() - began)
    medians = [statistics.median(times) for times in took.values()]
    assert max(medians) < 1.6 * min(medians), took
