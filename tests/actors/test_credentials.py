"""The credentials actor: whoever enters a token, and by whichever way, it is in force at once; and nobody is surprised by its end."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.credentials import Credentials
from actors.messages import Alert, Count, CredentialRefused, CredentialReplaced, CredentialsChanged
from engine.credentials import DropFolder, SealingKeys, Vault, entered, new_key
from engine.credentials.codes import code_at
from engine.providers.base import ProviderError
from engine.providers.keyring import Keyring
from engine.providers.secret import Secret
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import NOON, SECOND_NS, among_witnesses
from tests.credentials.tokens import jwt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.runtime import ActorSystem

HOUR_NS = 3_600 * SECOND_NS
SEED = "JBSWY3DPEHPK3PXP"


class Office:
    """A provider's login: makes tokens of codes, when it is open."""

    def __init__(self, lasts_ns: int = 24 * HOUR_NS) -> None:
        self.lasts_ns = lasts_ns
        self.asked: list[tuple[float, str, str, str]] = []
        self.is_open = True
        self.now_ns: Any = None

    async def __call__(self, identity: str, pin: Secret, code: str) -> Secret:
        await trio.lowlevel.checkpoint()
        self.asked.append((trio.current_time(), identity, pin.reveal(), code))
        if not self.is_open:
            raise ProviderError("closed")
        return Secret(jwt(exp=(self.now_ns() + self.lasts_ns) // SECOND_NS, number=len(self.asked)))


class Desk:
    """The actor, what it keeps, and what it tells."""

    def __init__(self, system: ActorSystem, keyring: Keyring, vault: Vault, seen: dict[str, list[Any]]) -> None:
        self.system, self.keyring, self.vault, self.seen = system, keyring, vault, seen

    @property
    def token(self) -> str:
        return self.keyring.current.token.reveal()

    @property
    def replaced(self) -> int:
        return self.seen["feed"].count(CredentialReplaced("dhan"))

    @property
    def alerts(self) -> list[str]:
        return [message.words for message in self.seen["publisher"] if isinstance(message, Alert)]

    async def enter(self, token: str, **more: Any) -> Any:
        await self.vault.keep(entered("dhan", "1100012345", {"token": token}, source="admin", **more))
        shown = await self.system.ref("/engine/subject").ask(CredentialsChanged(), timeout_s=5.0)
        await wait_all_tasks_blocked()  # whoever was told has heard
        return shown

    async def count(self) -> dict[str, float]:
        return await self.system.ref("/engine/subject").ask(Count(), timeout_s=5.0)


@asynccontextmanager
async def desk(
    keyring: Keyring,
    *,
    durable: MemoryDurableStore | None = None,
    folder: Path | None = None,
    office: Office | None = None,
    keys: SealingKeys | None = None,
) -> AsyncGenerator[Desk]:
    vault = Vault(durable or MemoryDurableStore(), keys or KEYS)

    def actor(system: ActorSystem) -> Credentials:
        if office is not None:
            office.now_ns = system.clock.now_ns
        return Credentials(
            vault,
            {"dhan": keyring},
            {"dhan": system.ref("/engine/feed")},
            publisher=system.ref("/engine/publisher"),
            logins={} if office is None else {"dhan": office},
            jitter=lambda: 0.0,
            folder=None if folder is None else DropFolder(folder),
        )

    async with among_witnesses(actor, "feed", "publisher") as (system, seen):
        yield Desk(system, keyring, vault, seen)


KEYS = SealingKeys.parse(new_key())


async def test_what_somebody_enters_is_in_force_at_once_and_the_feed_hears_of_it(autojump_clock: Any) -> None:
    async with desk(Keyring.holding("dhan", "1", "of-the-environment")) as at:
        assert (at.token, at.replaced) == ("of-the-environment", 0)
        shown = await at.enter("entered")
        assert (at.token, at.replaced) == ("entered", 1)
        assert shown["dhan"]["source"] == "admin"
        assert "entered" not in str(shown)
        await at.enter("entered")
        assert at.replaced == 1


async def test_what_was_entered_before_is_in_force_when_an_engine_starts(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()
    async with desk(Keyring("dhan"), durable=durable) as at:
        await at.enter("entered")
    async with desk(Keyring.holding("dhan", "1", "of-the-environment"), durable=durable) as at:
        assert at.token == "entered"


async def test_one_that_has_ended_gives_way_to_one_that_has_not(autojump_clock: Any) -> None:
    async with desk(Keyring.holding("dhan", "1", "of-the-environment")) as at:
        await at.enter("entered", expires_ns=NOON + HOUR_NS)
        await trio.sleep(3_700)
        assert at.token == "of-the-environment"


async def test_one_that_is_forgotten_opens_nothing_any_more(autojump_clock: Any) -> None:
    async with desk(Keyring("dhan")) as at:
        await at.enter("entered")
        [kept] = await at.vault.listed()
        await at.vault.forget(kept.id)
        await at.system.ref("/engine/subject").ask(CredentialsChanged(), timeout_s=5.0)
        with pytest.raises(ProviderError, match="has no access token"):
            _ = at.token


async def test_one_that_the_provider_does_not_take_gives_way_to_the_one_before(autojump_clock: Any) -> None:
    async with desk(Keyring("dhan")) as at:
        await at.enter("good")
        await at.enter("mistyped")
        at.system.ref("/engine/subject").tell(CredentialRefused("dhan"))
        await trio.sleep(300)
        assert at.token == "good"
        await at.enter("mistyped")
        assert at.token == "mistyped", "whoever insists is obeyed"
        at.system.ref("/engine/subject").tell(CredentialRefused("dhan"))
        await at.enter("better")
        assert at.token == "better"


async def test_without_the_database_what_is_known_goes_on(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()
    async with desk(Keyring("dhan"), durable=durable) as at:
        await at.enter("entered")
        durable.tables.away = True
        await trio.sleep(600)
        assert at.token == "entered"


async def test_a_dropped_token_is_taken_up_within_seconds_and_kept(tmp_path: Path) -> None:
    durable = MemoryDurableStore()
    async with desk(Keyring.holding("dhan", "1100012345", "old"), durable=durable, folder=tmp_path) as at:
        (tmp_path / "dhan.token").write_text("dropped")
        await at.system.ref("/engine/subject").ask(CredentialsChanged(), timeout_s=5.0)
        assert (at.token, at.keyring.current.identity) == ("dropped", "1100012345")
        [kept] = await at.vault.listed()
        assert kept.source == "file"
        (tmp_path / "nobody.token").write_text("dropped")
        await at.system.ref("/engine/subject").ask(CredentialsChanged(), timeout_s=5.0)
        assert len(await at.vault.listed()) == 1


async def test_an_end_is_told_a_day_two_hours_and_a_quarter_of_an_hour_before_and_when_it_is_there(
    autojump_clock: Any,
) -> None:
    async with desk(Keyring("dhan")) as at:
        await at.enter("entered", expires_ns=NOON + 30 * HOUR_NS)
        assert at.alerts == []
        assert (await at.count())["credential_seconds_left:dhan"] == pytest.approx(30 * 3_600, abs=10)
        await trio.sleep(31 * 3_600)
        told = [alert.partition(":")[0] for alert in at.alerts]
        assert told == [
            "the token of dhan ends within 24 hours",
            "the token of dhan ends within 2 hours",
            "the token of dhan ends within 15 minutes",
            "the token of dhan has ended",
        ]
        assert (await at.count())["credential_seconds_left:dhan"] < 0


async def test_who_has_just_entered_a_token_for_a_day_is_not_told_at_once_that_it_ends(autojump_clock: Any) -> None:
    async with desk(Keyring("dhan")) as at:
        await at.enter("entered", expires_ns=NOON + 23 * HOUR_NS)
        await trio.sleep(20 * 3_600)
        assert at.alerts == []


async def test_a_token_is_made_of_a_code_before_the_last_one_ends(autojump_clock: Any) -> None:
    office = Office()
    async with desk(Keyring("dhan"), office=office) as at:
        await at.vault.keep(entered("dhan", "1100012345", {"seed": SEED, "pin": "1234"}, kind="totp", source="admin"))
        await at.system.ref("/engine/subject").ask(CredentialsChanged(), timeout_s=5.0)
        [(_, identity, pin, code)] = office.asked
        assert (identity, pin, code) == ("1100012345", "1234", code_at(SEED, NOON / SECOND_NS))
        first = at.token
        await trio.sleep(20.5 * 3_600)
        assert at.token == first
        await trio.sleep(3_600)
        assert at.token != first
        assert len(office.asked) == 2
        assert at.replaced == 2
        assert at.alerts == []
        assert {kept.kind for kept in await at.vault.listed()} == {"token", "totp"}


async def test_a_login_that_fails_is_told_once_and_not_tried_in_a_storm(autojump_clock: Any) -> None:
    office = Office()
    office.is_open = False
    async with desk(Keyring("dhan"), office=office) as at:
        await at.vault.keep(entered("dhan", "1100012345", {"seed": SEED, "pin": "1234"}, kind="totp", source="admin"))
        await trio.sleep(3_600)
        assert len(office.asked) <= 7
        pauses = [later[0] - earlier[0] for earlier, later in zip(office.asked, office.asked[1:], strict=False)]
        assert min(pauses) >= 130
        assert len(at.alerts) == 1
        office.is_open = True
        await trio.sleep(1_900)
        assert at.replaced == 1


async def test_a_login_whose_tokens_end_at_once_is_not_asked_again_and_again(autojump_clock: Any) -> None:
    office = Office(lasts_ns=SECOND_NS)
    async with desk(Keyring("dhan"), office=office) as at:
        await at.vault.keep(entered("dhan", "1100012345", {"seed": SEED, "pin": "1234"}, kind="totp", source="admin"))
        await trio.sleep(1_300)
        assert len(office.asked) <= 11
