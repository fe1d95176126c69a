"""Twenty levels of depth: packets, books and the socket they come over."""

import struct

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.market.depth import Depth, DepthLevel
from engine.providers.base import Advice, PlanError, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.depth import DhanDepthFeed
from engine.providers.dhan.depth_codec import ASK, BID, DepthDisconnect, DepthPacket, decode_depth, encode_depth
from engine.providers.dhan.depth_decoder import DepthDecoder
from engine.providers.keyring import Keyring
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from engine.providers.socket import Patience
from tests.providers.dhan.routes import HDFCBANK, NIFTY, NOW_NS
from tests.providers.simulator.markets import simulator

BIDS = ((1650.25, 100, 3), (1650.2, 50, 1), (0.0, 0, 0))
ASKS = ((1650.3000001, 70, 2), (1650.35, 10, 1))


def side(code: int, rows: tuple[tuple[float, int, int], ...], security_id: int = 1333) -> bytes:
    return encode_depth(DepthPacket(code, 1, security_id, rows))


def test_both_sides_stacked_in_a_frame_are_one_book_on_the_grid() -> None:
    decoder = DepthDecoder([HDFCBANK])

    [(_, book)] = decoder.decode(side(BID, BIDS) + side(ASK, ASKS), NOW_NS)

    assert book == Depth(
        "NSE:HDFCBANK",
        (DepthLevel(1650.25, 100, 3), DepthLevel(1650.2, 50, 1)),
        (DepthLevel(1650.3, 70, 2), DepthLevel(1650.35, 10, 1)),
        NOW_NS,
        "dhan",
    )


def test_a_packet_of_twenty_levels_is_as_long_as_dhan_says() -> None:
    packet = side(BID, ((1.0, 1, 1),) * 20)

    assert len(packet) == 332
    assert struct.unpack_from("<hBBi", packet) == (332, 41, 1, 1333)


def test_one_side_alone_is_told_with_the_other_as_it_was() -> None:
    decoder = DepthDecoder([HDFCBANK])

    assert decoder.decode(side(BID, BIDS), NOW_NS) == []
    decoder.decode(side(ASK, ASKS), NOW_NS)
    [(_, book)] = decoder.decode(side(ASK, ASKS[1:]), NOW_NS + 1)

    assert [level.price for level in book.bids] == [1650.25, 1650.2]
    assert [level.price for level in book.asks] == [1650.35]


def test_what_can_not_be_used_is_counted() -> None:
    decoder = DepthDecoder([HDFCBANK])
    unknown = struct.pack("<hBBiI", 12, 77, 1, 1333, 0)
    odd = struct.pack("<hBBiI", 13, BID, 1, 1333, 0) + b"x"

    assert decoder.decode(unknown + odd + side(BID, BIDS, 99) + b"\x01", NOW_NS) == []

    told = decoder.statistics()
    assert (told.unknown_codes, told.malformed, told.unmapped) == (1, 2, 1)
    assert told.unmapped_sample == ("NSE_EQ:99",)


@pytest.mark.parametrize(
    "packet",
    [
        encode_depth(DepthDisconnect(807)),
        struct.pack("<hBBiI", 12, 50, 0, 0, 807),
        struct.pack("<hBBiIH", 14, 50, 0, 0, 0, 807),
    ],
)
def test_the_reason_of_a_parting_is_found_where_either_manual_has_it(packet: bytes) -> None:
    assert decode_depth(packet) == [DepthDisconnect(807)]


@given(frame=st.one_of(st.binary(max_size=800), st.binary(max_size=40).map(lambda end: side(BID, BIDS) + end)))
def test_any_bytes_are_books_or_nothing(frame: bytes) -> None:
    decoder = DepthDecoder([HDFCBANK])
    decoder.decode(side(ASK, ASKS), NOW_NS)

    for _, book in decoder.decode(frame, NOW_NS):
        assert all(0 < level.price < 1e9 and level.quantity > 0 for level in (*book.bids, *book.asks))


def feed_at(running: Simulator, token: str = SIMULATED_TOKEN, patience: Patience | None = None) -> DhanDepthFeed:
    endpoints = DhanEndpoints(running.feed_url, running.rest_url, depth_url=f"{running.feed_url}/twentydepth")
    return DhanDepthFeed(Keyring.holding("dhan", SIMULATED_CLIENT_ID, token), endpoints, patience=patience)


def carried(running: Simulator) -> list[Route]:
    return [
        Route(one.instrument, one.segment, str(one.security_id), one.tick_size, one.kind, target=one.instrument)
        for one in running.exchange.market.listings
        if one.segment in ("NSE_EQ", "NSE_FNO")
    ]


async def books(feed: DhanDepthFeed, routes: list[Route]) -> dict[str, Depth]:
    """One book of each."""
    decoder, found = feed.decoder(routes), dict[str, Depth]()
    with trio.fail_after(10):
        async with feed.connect(routes) as connection:
            while len(found) < len(routes):
                found |= dict(decoder.decode(await connection.receive(), NOW_NS))
    assert decoder.statistics().malformed == 0
    return found


async def test_the_simulated_exchange_tells_books_of_twenty_ordered_levels() -> None:
    async with simulator(instruments=20, ticks_per_second=200) as running:
        found = await books(feed_at(running), carried(running))

    for book in found.values():
        bids, asks = [level.price for level in book.bids], [level.price for level in book.asks]
        assert len(asks) == 20
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert not bids or bids[0] < asks[0]


async def test_books_that_are_taken_back_are_no_longer_sent() -> None:
    async with simulator(instruments=20, ticks_per_second=200) as running:
        route = carried(running)[0]
        async with feed_at(running).connect([route]) as connection:
            await connection.receive()
            await connection.unsubscribe([route])
            with trio.fail_after(5):
                while running.exchange.doors["simulator"].statistics().subscriptions:
                    await trio.sleep(0.01)


def test_only_shares_and_derivatives_of_nse_have_such_depth_and_fifty_fit_on_a_connection() -> None:
    feed = DhanDepthFeed(Keyring("dhan"))
    many = [Route(f"NSE:S{number}", "NSE_EQ", str(number), 0.05, "equity") for number in range(1, 252)]

    assert [len(routes) for routes in feed.plan(many[:120])] == [40, 40, 40]
    with pytest.raises(PlanError, match="250"):
        feed.plan(many)
    with pytest.raises(PlanError, match="NSE:NIFTY"):
        feed.plan([NIFTY])


@pytest.mark.parametrize(
    ("fault", "advice"),
    [("refuse+99", Advice.NEW_TOKEN), ("429=5+99", Advice.WAIT), ("disconnect=807@1", Advice.NEW_TOKEN)],
)
async def test_what_goes_wrong_is_told_as_on_the_live_feed(fault: str, advice: Advice) -> None:
    async with simulator(instruments=10, ticks_per_second=200, faults=fault) as running:
        with pytest.raises(ProviderError) as failed:
            await until_it_ends(feed_at(running), carried(running))

    assert failed.value.advice is advice


async def test_another_token_is_refused() -> None:
    async with simulator(instruments=10) as running:
        with pytest.raises(ProviderError) as refused:
            await until_it_ends(feed_at(running, "stale"), carried(running))

    assert refused.value.advice is Advice.NEW_TOKEN
    assert "stale" not in str(refused.value)


async def until_it_ends(feed: DhanDepthFeed, routes: list[Route]) -> None:
    with trio.fail_after(10):
        async with feed.connect(routes) as connection:
            while True:
                await connection.receive()
