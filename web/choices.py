"""Parameters that are one of a few words."""

from collections.abc import Sequence

from web.errors import ApiError


def choice(name: str, word: str, known: Sequence[str]) -> str:
    """The word, if it is one of them, or an answer that names them."""
    if word not in known:
        words = [one for one in known if one]
        raise ApiError(400, f"{name} is one of {', '.join(words)}, was {word[:20]!r}", errors=words)
    return word
