"""``/metrics``: figures that are counted by exchange are told with their labels."""

import pytest

from tests.web.process import Web

pytestmark = pytest.mark.anyio


async def test_metrics_tell_how_many_more_days_each_calendar_knows(web: Web) -> None:
    counters = {"calendar_days_left:NSE": 40, "calendar_days_left:MCX": -2}
    await web.services.hot.publish_tree("engine", {"process": "engine", "time": 1, "tree": {}, "counters": counters})
    text = (await web.http.get("/metrics")).text
    assert 'ticktree_calendar_days_left{exchange="NSE"} 40.0' in text
    assert 'ticktree_calendar_days_left{exchange="MCX"} -2.0' in text
    assert 'name="calendar_days_left' not in text
