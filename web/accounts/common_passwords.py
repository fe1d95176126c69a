"""Common passwords: what guessers try first, told by how such passwords are made rather than by a long list.

They are a well-known word, a name of a person or team, a walk over the keyboard or a row of digits, perhaps with digits or
signs put around it or in place of letters. Whatever is long and none of these may be chosen: no kind of character is asked for.
"""

import re
from itertools import pairwise

_WORDS = frozenset(
    """
    password passwort passwd pass secret letmein welcome login signin admin administrator root user guest test testing
    default changeme temp temporary master superuser system server oracle access computer internet samsung google apple
    iloveyou loveyou lovely love sunshine princess prince angel baby babygirl sweetheart honey flower butterfly rainbow
    monkey dragon tiger lion shadow panther eagle falcon mustang ferrari porsche mercedes corvette harley yamaha honda
    football baseball basketball soccer hockey cricket liverpool chelsea arsenal barcelona juventus realmadrid lakers
    yankees steelers cowboys superman batman spiderman starwars pokemon naruto minecraft matrix ninja samurai wizard
    michael jennifer jessica jordan daniel thomas robert andrew joshua charlie nicole ashley michelle hunter harley
    summer winter spring autumn monday friday january december freedom forever friends family money cheese cookie
    chocolate coffee banana orange pepper ginger whatever nothing trustno killer hello hellothere qwerty azerty
    trader trading stocks market markets bitcoin ticktree india mumbai delhi krishna ganesh shiva sairam
    """.split()  # noqa: SIM905 - a list of two hundred strings is no easier to read
)
_ROWS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6y7u8i9o0p",
)
_DISGUISES = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_NO_LETTER = re.compile(r"[\W\d_]")
_STRETCH = 4
"""Characters that make a walk, or a word that is taken away."""
_OWN_LETTERS = 4
_OWN_OTHERS = 12
"""What must be left when everything well-known is taken away: so many letters, or so many digits and signs."""


def is_common(password: str, own_words: tuple[str, ...] = ()) -> bool:
    """Whether guessers come to it soon; ``own_words`` are what they know of its owner, such as the email."""
    text = password.casefold()
    known = _WORDS | {word.casefold() for word in own_words if len(word) >= _STRETCH}
    return any(_is_made_of(candidate, known) for candidate in (text, text.translate(_DISGUISES)))


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    """Whether nothing of its own is left of it: words, walks, repeats and decoration apart."""
    if _AROUND.sub("", text) in words or _is_repeated(text):
        return True
    left = text
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _STRETCH:
            left = left.replace(word, "")
    left = _without_walks(left)
    letters = _NO_LETTER.sub("", left)
    return len(letters) < _OWN_LETTERS and len(left) - len(letters) < _OWN_OTHERS


def _without_walks(text: str) -> str:
    """Without stretches of four and more that follow the keyboard, the alphabet or the numbers, in either direction."""
    keep: list[str] = []
    stretch = text[:1]
    for before, after in pairwise(text):
        if _follows(before, after) or _follows(after, before):
            stretch += after
        else:
            keep += stretch if len(stretch) < _STRETCH else ""
            stretch = after
    return "".join(keep) + (stretch if len(stretch) < _STRETCH else "")


def _follows(before: str, after: str) -> bool:
    return ord(after) - ord(before) in (0, 1) or any(before + after in row for row in _ROWS)


def _is_repeated(text: str) -> bool:
    """Whether it is something short, twice or more often."""
    period = (text + text).index(text, 1) if text else 0
    return period <= len(text) // 2 and period < 2 * _STRETCH
