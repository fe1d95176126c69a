"""Texts: what people write into fields, to be kept and shown again, or never shown."""

from typing import Annotated, Literal

import msgspec

from web.openapi import Body

Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A short text of one line."""
Text = Annotated[str, msgspec.Meta(max_length=1_024)]
"""An email, a password or a token, before it is judged."""
Client = Literal["program", "browser"]
"""Of a ``browser`` the refresh token shall be a cookie."""


class Secret(Body, frozen=True, kw_only=True):
    """What must not be shown, also where a failure shows everything."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"
