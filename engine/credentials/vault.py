"""The vault: keeps credentials sealed in the durable store, and opens them."""

from datetime import UTC, datetime

import msgspec
import structlog

from engine.credentials.entered import Entered
from engine.credentials.keys import NoKeyError, SealingKeys
from engine.credentials.sealing import Sealed, SealError, seal, unseal
from engine.storage.durable.credentials import CredentialDraft, Kind, SealedCredential, SealedCredentials

log = structlog.get_logger("ticktree.credentials")

NS_PER_US = 1_000
US_PER_S = 1_000_000
NO_KEY = (
    "credentials can not be kept without a key: set TICKTREE_CREDENTIALS_KEY (`ticktree credentials key` makes one) or "
    "TICKTREE_SECRET_KEY, the same for all processes"
)


class Listed(msgspec.Struct, frozen=True):
    """What anybody may see of a credential."""

    id: int
    provider: str
    kind: Kind
    identity: str
    fingerprint: str
    expires_at: datetime | None
    source: str
    created_at: datetime
    updated_at: datetime


class Vault:
    """Without keys it can only list and forget."""

    def __init__(self, table: SealedCredentials, keys: SealingKeys | None) -> None:
        self._table = table
        self._keys = keys

    @property
    def can_keep(self) -> bool:
        return self._keys is not None

    async def keep(self, credential: Entered) -> Listed:
        """In the place of the one of its kind that the provider had. Raises ``NoKeyError``."""
        if self._keys is None:
            raise NoKeyError(NO_KEY)
        place = credential.provider, credential.kind, credential.identity
        sealed = seal(self._keys, place, credential.parts)
        draft = CredentialDraft(
            provider=credential.provider,
            kind=credential.kind,
            identity=credential.identity,
            expires_at=_moment(credential.expires_ns),
            source=credential.source,
            **msgspec.structs.asdict(sealed),
        )
        return _listed(await self._table.keep_credential(draft))

    async def listed(self) -> list[Listed]:
        """All, closed."""
        return [_listed(row) for row in await self._table.credentials()]

    async def opened(self) -> list[Entered]:
        """All that can be opened; of the others the log says why not. Those of an older key are sealed anew."""
        if self._keys is None:
            return []
        found: list[Entered] = []
        for row in await self._table.credentials():
            try:
                credential = _opened(self._keys, row)
            except SealError as error:
                log.warning("credential_not_opened", provider=row.provider, kind=row.kind, why=str(error))
                continue
            found.append(credential)
            if row.key_id != self._keys.newest[0]:
                await self.keep(credential)
                log.info("credential_sealed_anew", provider=row.provider, kind=row.kind)
        return found

    async def forget(self, identity: int) -> Listed | None:
        """Ends one for good; ``None``: there is none of that number."""
        row = await self._table.end_credential(identity)
        return None if row is None else _listed(row)


def _opened(keys: SealingKeys, row: SealedCredential) -> Entered:
    sealed = Sealed(row.ciphertext, row.nonce, row.key_id, row.fingerprint)
    return Entered(
        provider=row.provider,
        kind=row.kind,
        identity=row.identity,
        parts=unseal(keys, (row.provider, row.kind, row.identity), sealed),
        expires_ns=None if row.expires_at is None else _ns(row.expires_at),
        source=row.source,
        at_ns=_ns(row.updated_at),
    )


def _listed(row: SealedCredential) -> Listed:
    return Listed(**{name: getattr(row, name) for name in Listed.__struct_fields__})


def _ns(moment: datetime) -> int:
    return round(moment.timestamp() * US_PER_S) * NS_PER_US


def _moment(ns: int | None) -> datetime | None:
    return None if ns is None else datetime.fromtimestamp(ns // NS_PER_US / US_PER_S, UTC)
