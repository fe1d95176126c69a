"""Texts: what people may write into fields that are kept and shown again."""

from typing import Annotated

import msgspec

Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A short text of one line."""
