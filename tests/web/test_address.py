"""Addresses behind proxies, and whom limits count as one."""

import pytest

from web.address import client_address, limit_key


@pytest.mark.parametrize(
    ("forwarded", "hops", "client"),
    [
        ([], 0, "10.0.0.1"),
        (["1.2.3.4"], 0, "10.0.0.1"),  # spoofed: no proxy of ours wrote it
        (["1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6, 1.2.3.4"], 1, "1.2.3.4"),  # the client wrote the first itself
        (["6.6.6.6", "1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6, 1.2.3.4, 10.0.0.2"], 2, "1.2.3.4"),
        (["1.2.3.4"], 2, "10.0.0.1"),  # past our proxies
        ([], 1, "10.0.0.1"),
        (["nonsense"], 1, "10.0.0.1"),
        (["1.2.3.4:5678"], 1, "1.2.3.4"),
        (["[2001:db8::1]:443"], 1, "2001:db8::1"),
        (["2001:DB8::1"], 1, "2001:db8::1"),
    ],
)
def test_the_client_is_who_our_outermost_proxy_saw(forwarded: list[str], hops: int, client: str) -> None:
    assert client_address("10.0.0.1", forwarded, hops) == client


def test_one_who_owns_many_addresses_is_counted_as_one() -> None:
    assert limit_key("2001:db8:1:2::1") == limit_key("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert limit_key("2001:db8:1:3::1") != limit_key("2001:db8:1:2::1")
    assert limit_key("::ffff:1.2.3.4") == limit_key("1.2.3.4") == "1.2.3.4"
    assert limit_key("") == ""
