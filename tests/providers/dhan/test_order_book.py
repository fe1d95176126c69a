"""Dhan's order book: answers of forms that nobody has told of."""

from typing import Any

import pytest

from engine.providers.base import ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.order_book import DhanOrderBook
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from tests.providers.rest_server import answers, reply, serve


@pytest.mark.parametrize("body", [{}, "", None, [1]], ids=repr)
async def test_an_answer_of_another_form_is_a_failure_of_the_provider_like_any_other(body: Any) -> None:
    keyring = Keyring.holding("dhan", "1100012345", "canary")
    async with serve(answers(reply(body))) as server:
        book = DhanOrderBook(keyring, DhanEndpoints(rest_url=server.url), retry=RetryPolicy(attempts=1))
        with pytest.raises(ProviderError, match=r"can not be read|unknown form"):
            await book.orders()
