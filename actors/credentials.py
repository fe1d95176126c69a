"""The credentials: keeps each provider's keyring up to date, renews what can be renewed, and warns before one ends."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import anyio
import structlog

from actors.messages import (
    Alert,
    Count,
    CredentialRefused,
    CredentialReplaced,
    CredentialsChanged,
    CredentialsWanted,
    LookAtCredentials,
)
from engine.credentials import DropFolder, Entered, EntryError, NoKeyError, Vault, entered
from engine.credentials.choice import NS_PER_S, Reminder, credential_of, has_ended, newest
from engine.credentials.codes import code_at
from engine.credentials.entered import PIN, SEED, TOKEN
from engine.providers.base import ProviderError
from engine.providers.keyring import Keyring
from engine.providers.secret import Secret
from engine.runtime import ActorRef, Backoff, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.credentials")

LOOK_INTERVAL_S = 5.0
READ_INTERVAL_S = 60.0
"""The table; whoever writes to it says so, unless the engine is away at that moment."""
RENEW_BEFORE_S = 10_800.0
"""Early enough that an alert of two hours before means: it could not be renewed."""
RENEWAL = Backoff(initial_s=130.0, maximum_s=1_800.0)
"""Providers make a token seldom, and lock accounts that are tried too often."""
PREFIX = "credential_seconds_left"

Login = Callable[[str, Secret, str], Awaitable[Secret]]
"""A token for an identity, its PIN and a one-time code; raises ``ProviderError``."""


class Credentials(TaskActor):
    """Reads the environment's once, the table's whenever somebody wrote to it, and files when they change."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        vault: Vault,
        keyrings: Mapping[str, Keyring],
        feeds: Mapping[str, ActorRef],
        *,
        publisher: ActorRef,
        logins: Mapping[str, Login],
        jitter: Callable[[], float],
        folder: DropFolder | None = None,
    ) -> None:
        super().__init__()
        self._vault = vault
        self._keyrings = keyrings
        self._feeds = feeds
        self._publisher = publisher
        self._logins = logins
        self._jitter = jitter
        self._folder = folder
        self._given = {name: _of_environment(ring) for name, ring in keyrings.items()}
        self._kept: list[Entered] = []
        self._unkept: dict[str, Entered] = {}
        """What the table could not take."""
        self._in_force: dict[str, Entered] = {}
        self._before: dict[str, Entered] = {}
        """What was in force before."""
        self._refused: dict[str, Entered] = {}
        """What a provider does not take."""
        self._reminders = {name: Reminder() for name in keyrings}
        self._read_s = 0.0
        self._renewals: dict[str, tuple[int, float]] = {}
        """Of each provider that could not be renewed: how often in a row, and when it may be tried again."""

    async def on_start(self) -> None:
        """What was entered before is in force when the feeds begin; what has to be renewed is, right after."""
        await self._read()
        for provider in self._keyrings:
            self._choose(provider, is_fresh=False)
        self.actor_ref.tell(LookAtCredentials())
        self.send_every(LOOK_INTERVAL_S, LookAtCredentials())

    @handles(LookAtCredentials)
    async def on_look(self, _: LookAtCredentials) -> None:
        await self._look()

    @handles(CredentialsChanged)
    async def on_credentials_changed(self, _: CredentialsChanged) -> dict[str, Any]:
        self._read_s = 0.0
        self._renewals.clear()
        self._refused.clear()
        await self._look()
        return self.on_credentials_wanted(CredentialsWanted())

    @handles(CredentialsWanted)
    def on_credentials_wanted(self, _: CredentialsWanted) -> dict[str, Any]:
        return {name: self._shown(credential) for name, credential in self._in_force.items()}

    @handles(CredentialRefused)
    def on_credential_refused(self, message: CredentialRefused) -> None:
        """Back to the one before, for as long as it serves: with a slip of the pen nothing else is to be opened."""
        provider = message.provider
        refused, before = self._in_force.get(provider), self._before.get(provider)
        if refused is None or before is None:
            return
        self._refused[provider], self._in_force[provider] = refused, before
        self._keyrings[provider].replace(credential_of(before))
        self._reminders[provider].begin(before.expires_ns, self.system.clock.now_ns(), is_fresh=False)
        log.warning("credential_refused", provider=provider, source=refused.source, instead=before.source)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, float]:
        """Of tokens whose end is known; less than 0 once it is past."""
        now_ns = self.system.clock.now_ns()
        ends = {name: one.expires_ns for name, one in self._in_force.items() if one.expires_ns is not None}
        return {f"{PREFIX}:{name}": round((ns - now_ns) / NS_PER_S, 1) for name, ns in ends.items()}

    async def _look(self) -> None:
        await self._read()
        for provider in self._keyrings:
            self._choose(provider)
            await self._renew(provider)
            self._remind(provider)

    async def _read(self) -> None:
        await self._read_table()
        await self._read_files()
        await self._read_table()  # with what was dropped

    async def _read_table(self) -> None:
        """Without the database what was read before goes on."""
        if self._read_s and anyio.current_time() - self._read_s < READ_INTERVAL_S:
            return
        try:
            self._kept = await self._vault.opened()
            self._read_s = anyio.current_time()
        except StorageError as error:
            log.info("credentials_not_read", error=str(error))

    async def _read_files(self) -> None:
        if self._folder is None:
            return
        identities = {name: one.identity for name, one in self._in_force.items()}
        for dropped in await anyio.to_thread.run_sync(self._folder.changed, identities):
            if dropped.provider not in self._keyrings:
                log.warning("credential_of_nobody", provider=dropped.provider, source=dropped.source)
                continue
            if not any(_is_same(dropped, kept) or dropped.at_ns < kept.at_ns for kept in self._of(dropped)):
                await self._keep(dropped)

    def _of(self, other: Entered) -> list[Entered]:
        return [kept for kept in self._kept if (kept.provider, kept.kind) == (other.provider, other.kind)]

    async def _keep(self, credential: Entered) -> None:
        """So that the next engine has it, too; this one uses it in any case."""
        try:
            await self._vault.keep(credential)
            self._read_s = 0.0
        except (NoKeyError, StorageError) as error:
            log.warning("credential_not_kept", provider=credential.provider, error=str(error))
            self._unkept[f"{credential.provider}/{credential.kind}"] = credential

    def _choose(self, provider: str, *, is_fresh: bool = True) -> None:
        """A chosen one is in force at once, and who is connected goes over to it."""
        now_ns = self.system.clock.now_ns()
        chosen = newest(self._candidates(provider), now_ns)
        before = self._in_force.get(provider)
        if chosen is None:
            self._in_force.pop(provider, None)
            self._keyrings[provider].forget()
            return
        if before is not None and _is_same(chosen, before):
            return
        self._in_force[provider] = chosen
        if before is not None:
            self._before[provider] = before
        self._reminders[provider].begin(chosen.expires_ns, now_ns, is_fresh=is_fresh)
        keyring, credential = self._keyrings[provider], credential_of(chosen)
        if not credential.is_same_as(keyring.credential):
            keyring.replace(credential)
            log.info("credential_replaced", provider=provider, source=chosen.source, expires_ns=chosen.expires_ns)
            if self._feeds[provider].is_alive():
                self._feeds[provider].tell(CredentialReplaced(provider))

    def _candidates(self, provider: str) -> list[Entered]:
        given = self._given[provider]
        found = [*self._kept, *self._unkept.values(), *([given] if given else [])]
        refused = self._refused.get(provider)
        if refused is not None:
            found = [self._before[provider], *(one for one in found if not _is_same(one, refused))]
        return [one for one in found if one.provider == provider]

    async def _renew(self, provider: str) -> None:
        """A token is made where one ends soon, and what makes one is known."""
        maker = next((one for one in self._candidates(provider) if one.kind == "totp"), None)
        login, now_ns = self._logins.get(provider), self.system.clock.now_ns()
        attempts, not_before_s = self._renewals.get(provider, (0, 0.0))
        if (
            maker is None
            or login is None
            or anyio.current_time() < not_before_s
            or not self._ends_soon(provider, now_ns)
        ):
            return
        try:
            code = code_at(maker.parts[SEED].reveal(), now_ns / NS_PER_S)
            token = await login(maker.identity, maker.parts[PIN], code)
            made = entered(provider, maker.identity, {TOKEN: token.reveal()}, source="totp", at_ns=now_ns)
        except (ProviderError, EntryError) as error:
            wait_s = max(RENEWAL.delay(attempts, self._jitter()), getattr(error, "wait_s", None) or 0.0)
            self._renewals[provider] = attempts + 1, anyio.current_time() + wait_s
            if attempts == 0:
                self._alert(f"{provider}: no token could be made of a one-time code: {error}")
            return
        # one that does not outlive the moment would be made again and again
        self._renewals[provider] = 0, anyio.current_time() + RENEWAL.initial_s
        await self._keep(made)
        await self._read_table()
        self._choose(provider)

    def _ends_soon(self, provider: str, now_ns: int) -> bool:
        chosen = self._in_force.get(provider)
        if chosen is None:
            return True
        return chosen.expires_ns is not None and chosen.expires_ns - now_ns < RENEW_BEFORE_S * NS_PER_S

    def _remind(self, provider: str) -> None:
        words = self._reminders[provider].due(self.system.clock.now_ns())
        if words is not None:
            self._alert(
                f"the token of {provider} {words}: enter a new one on the page of operations, with `ticktree credentials "
                f"set {provider}`, or as a file"
            )

    def _alert(self, words: str) -> None:
        log.warning("credential_alert", words=words)
        self._publisher.tell(Alert("", words, self.system.clock.now_ns()))

    def _shown(self, credential: Entered) -> dict[str, Any]:
        now_ns, ends_ns = self.system.clock.now_ns(), credential.expires_ns
        return {
            "identity": credential.identity,
            "source": credential.source,
            "expires_at": None if ends_ns is None else ends_ns // 1_000_000,
            "seconds_left": None if ends_ns is None else (ends_ns - now_ns) // NS_PER_S,
            "has_ended": has_ended(credential, now_ns),
        }


def _of_environment(keyring: Keyring) -> Entered | None:
    held = keyring.credential
    if held is None:
        return None
    parts = {TOKEN: held.token.reveal(), **{name: part.reveal() for name, part in held.more.items()}}
    try:
        return entered(keyring.provider, held.identity, parts, source="environment", expires_ns=held.expires_ns)
    except EntryError as error:
        log.warning("credential_unusable", provider=keyring.provider, why=str(error))
        return None


def _is_same(one: Entered, other: Entered) -> bool:
    """Whether both open the same doors, and are said to end at the same time."""
    return (one.identity, _revealed(one), one.expires_ns) == (other.identity, _revealed(other), other.expires_ns)


def _revealed(credential: Entered) -> dict[str, str]:
    return {name: part.reveal() for name, part in credential.parts.items()}
