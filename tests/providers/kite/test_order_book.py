"""Kite's order book: answers of forms that nobody has told of."""

import pytest

from engine.providers.base import ProviderError
from engine.providers.keyring import Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.fills import Fills
from engine.providers.kite.order_book import KiteOrderBook
from engine.providers.simulator.http import Response
from tests.providers.rest_server import answers, reply, serve


@pytest.mark.parametrize(
    "body",
    [b"null", b'{"data": {}}', b'{"data": [1]}', b'{"data": [{"tag": "\xff"}]}', b'{"data": [{"tag": ' + b"[" * 5_000],
)
async def test_an_answer_of_another_form_is_a_failure_of_the_provider_like_any_other(body: bytes) -> None:
    async with serve(answers(Response(200, body, {}))) as server:
        book = KiteOrderBook(Keyring.holding("kite", "apikey", "canary"), KiteEndpoints(rest_url=server.url))
        with pytest.raises(ProviderError, match="can not be read"):
            await book.orders()


async def test_a_fill_that_was_read_and_is_not_told_is_still_a_trade_for_whoever_tells_it() -> None:
    data, fills = {"order_id": "1", "status": "OPEN", "filled_quantity": 5}, Fills()
    async with serve(answers(reply({"data": [data]}))) as server:
        keyring, endpoints = Keyring.holding("kite", "apikey", "canary"), KiteEndpoints(rest_url=server.url)
        assert [one.data for one in await KiteOrderBook(keyring, endpoints, fills=fills).orders()] == [data]
    assert fills.kind(data) == "trade"
