"""Addresses: nobody reaches through us what only we can reach, however it is written."""

import anyio
import anyio.to_thread
import pytest

from engine.webhooks import addresses
from engine.webhooks.addresses import AddressError, check_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "fec0::1", "3fff::1", "2001:db8::1", "100::1", "5f00::1", "4000::1", "::7f00:1", "64:ff9b:1::7f00:1", "192.88.99.1",
        "::ffff:192.88.99.1",
    ],
)  # fmt: skip
def test_what_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1", "::ffff:93.184.215.14", "64:ff9b::808:808"])
def test_what_is_everybodys_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/", "begins with https://"),
        ("ftp://example.org/", "begins with https://"),
        ("https://", "begins with https://"),
        ("example.org", "begins with https://"),
        ("https://me:secret@example.org/", "no name or password"),
        ("https://localhost/", "private network"),
        ("https://db.internal/", "private network"),
        ("https://10.0.0.1/", "private network"),
        ("https://[::1]/", "private network"),
        ("https://[::ffff:127.0.0.1]/", "private network"),
        ("https://example.org/a b", "blank"),
        ("https://example.org:99999/", "no address"),
        ("https://[example", "no address"),
        ("https://example.org/" + "x" * 2_000, "at most 2000 characters"),
    ],
)
def test_what_can_not_be_a_webhook_is_refused_in_words_that_quote_no_secret(url: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as refused:
        check_url(url, to_private=False)
    assert "secret" not in str(refused.value)


def test_the_own_network_may_be_allowed() -> None:
    assert check_url("http://localhost:8080/hook", to_private=True).port == 8080
    assert check_url("https://example.org/hook", to_private=False).hostname == "example.org"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "127.1"])
async def test_a_name_that_means_this_machine_is_refused_when_it_is_looked_up(host: str) -> None:
    with pytest.raises(AddressError, match=r"private network|not known"):
        await resolve(host, to_private=False)


async def test_a_name_nobody_knows_is_told_as_that() -> None:
    with pytest.raises(AddressError, match="not known"):
        await resolve("nobody.invalid", to_private=True)
    assert await resolve("127.0.0.1", to_private=True) == ["127.0.0.1"]


async def test_a_look_up_of_a_name_waits_for_no_other_work_in_threads() -> None:
    others = anyio.to_thread.current_default_thread_limiter()
    for work in range(int(others.total_tokens)):
        others.acquire_on_behalf_of_nowait(work)
    try:
        with anyio.fail_after(10):
            assert "127.0.0.1" in await resolve("localhost", to_private=True)
    finally:
        for work in range(int(others.total_tokens)):
            others.release_on_behalf_of(work)


async def resolve(host: str, *, to_private: bool) -> list[str]:
    return await addresses.resolve(host, 443, to_private=to_private, threads=anyio.CapacityLimiter(1))
