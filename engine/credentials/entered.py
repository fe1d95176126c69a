"""What somebody enters for a provider, checked before it is kept or used."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from engine.credentials.codes import code_at
from engine.credentials.expiry import expiry_of
from engine.providers.kite.login import token_ends_ns
from engine.providers.secret import Secret
from engine.storage.durable.credentials import Kind

TOKEN: Final = "token"  # noqa: S105 - what it is called
SEED: Final = "seed"
PIN: Final = "pin"

PARTS: Final[Mapping[Kind, tuple[str, ...]]] = {"token": (TOKEN,), "totp": (SEED, PIN)}
"""What each kind consists of; a token may have more beside it."""
WITH_TOTP: Final = frozenset({"dhan"})
"""Providers that make a token of a one-time code and a PIN."""
WITHOUT_IDENTITY: Final = frozenset({"databento", "databento_relay", "yahoo"})
"""Providers whose token says who asks."""
DAILY: Final[Mapping[str, Callable[[int], int]]] = {"kite": token_ends_ns}
"""Providers all of whose tokens end at an hour of the day: when those end that are there at a moment."""
_LARGEST: Final = 8_192
_MOST_PARTS: Final = 8


class EntryError(ValueError):
    """What was entered can be no credential; the message says why, and nothing of it."""


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A credential of a provider, open."""

    provider: str
    kind: Kind
    identity: str
    parts: Mapping[str, Secret]
    expires_ns: int | None
    source: str
    at_ns: int = 0
    """When it was entered; 0 for one of the environment, which nobody entered while we ran."""


def entered(
    provider: str,
    identity: str,
    parts: Mapping[str, str],
    *,
    source: str,
    kind: Kind = "token",
    expires_ns: int | None = None,
    at_ns: int = 0,
) -> Entered:
    """The checked credential. Raises ``EntryError``.

    Without ``expires_ns`` it ends when the token says, or else when all tokens of the provider that were made before
    ``at_ns`` end.
    """
    missing = [name for name in PARTS[kind] if not parts.get(name)]
    if missing:
        raise EntryError(f"{missing[0]}: is needed, and was not given")
    if kind == "totp" and provider not in WITH_TOTP:
        raise EntryError(f"kind: {provider} makes no token of one-time codes: enter a token")
    if not identity and provider not in WITHOUT_IDENTITY:
        raise EntryError("identity: the client id or API key is needed")
    if len(parts) > _MOST_PARTS:
        raise EntryError("parts: too many")
    for name, value in {"identity": identity or "-", **parts}.items():
        if not 0 < len(value) <= _LARGEST or not all("!" <= character <= "~" for character in value):
            raise EntryError(f"{name}: is too long, or holds a blank or another unprintable character")
    if kind == "totp":
        _check_seed(parts[SEED])
    secrets = {name: Secret(value) for name, value in parts.items()}
    ends_ns = expires_ns
    if ends_ns is None and kind == "token":
        ends_ns = expiry_of(secrets[TOKEN])
        if ends_ns is None and at_ns and provider in DAILY:
            ends_ns = DAILY[provider](at_ns)
    return Entered(
        provider=provider, kind=kind, identity=identity, parts=secrets, expires_ns=ends_ns, source=source, at_ns=at_ns
    )


def _check_seed(seed: str) -> None:
    try:
        code_at(seed, 0.0)
    except ValueError:
        raise EntryError("seed: is no base32 text, as providers show it beside the QR code") from None
