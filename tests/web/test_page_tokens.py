"""Page tokens: what was encoded is read back, and anything else is refused as the asker's mistake."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.errors import ApiError
from web.page_tokens import decode_page, encode_page

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), max_size=40)


@given(name=PRINTABLE, number=st.integers(-(2**31) + 1, 2**31 - 1))
def test_a_key_is_read_back_from_its_token(name: str, number: int) -> None:
    token = encode_page("instruments", (name, number))
    assert token is not None
    assert token.replace("-", "").replace("_", "").isalnum()
    assert decode_page("instruments", token, (str, int)) == (name, number)


def test_the_first_page_needs_no_token_and_the_last_one_gives_none() -> None:
    assert encode_page("instruments", None) is None
    assert decode_page("instruments", None, (str,)) is None
    assert decode_page("instruments", "", (str,)) is None


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(value)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "!!!!",
        "é",
        "A" * 2_000,
        packed([]),
        packed({"a": 1}),
        packed(["sectors", "NSE"]),
        packed(["exchanges"]),
        packed(["exchanges", 1]),
        packed(["exchanges", "NSE", "NSE"]),
        packed(["exchanges", "N\x00SE"]),
        packed(["exchanges", 2**40]),
        packed(["exchanges", True]),
        packed(["exchanges", None]),
    ],
)
def test_what_is_no_token_of_the_list_is_a_bad_request(token: str) -> None:
    with pytest.raises(ApiError, match="page_token") as raised:
        decode_page("exchanges", token, (str,))
    assert raised.value.status == 400


@given(st.text(max_size=60))
def test_no_text_whatever_does_more_than_be_refused(token: str) -> None:
    try:
        key = decode_page("exchanges", token, (str,))
    except ApiError as error:
        assert error.status == 400  # noqa: PT017 - most texts are none, a few are
    else:
        assert key is None or isinstance(key[0], str)
