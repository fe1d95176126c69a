"""Passwords: which may be chosen, and that comparing them stops nobody."""

import threading

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.accounts.common_passwords import is_common
from web.accounts.errors import PasswordError, PasswordsBusyError
from web.accounts.passwords import MOST, Passwords, check_new_password


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


COMMON = [
    "password", "Password1", "P@ssw0rd!", "passwordpassword", "12345678", "123456789", "qwertyuiop", "qwerty123",
    "1q2w3e4r", "1qaz2wsx", "asdfghjkl", "zxcvbnm1", "abcdefgh", "aaaaaaaaaaaa", "abcabcabc", "11111111", "iloveyou",
    "Iloveyou2", "letmein!", "welcome2026", "Summer2026!", "monkey123", "dragon99", "football1", "superman",
    "trustno1", "admin123", "administrator", "changeme", "ticktree", "ticktree123", "Ticktree!2026", "20251121",
    "87654321", "!!!!!!!!", "michael1", "baseball", "sunshine", "princess1",
]  # fmt: skip
OWN = [
    "correct horse battery staple", "Tr0ub4dor&3x", "vexed-otter-climbs", "nQ7#zLp2vX", "äöüßéèñç", "пароль-длинный",
    "hunter2 was never here", "83025917640293851", "la plume de ma tante", "k9jf83hd",
]  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordError, match="guessed first"):
        check_new_password(password)


@pytest.mark.parametrize("password", OWN)
def test_whatever_else_is_long_enough_may_be_chosen(password: str) -> None:
    check_new_password(password, "ann@example.org")


def test_what_belongs_to_its_owner_is_guessed_first_too() -> None:
    assert is_common("marguerite99", ("marguerite", "marguerite@example.org"))
    assert not is_common("marguerite99")


@pytest.mark.parametrize("password", ["", "short7!", "x" * (MOST + 1)])
def test_a_length_that_is_no_length_is_refused(password: str) -> None:
    with pytest.raises(PasswordError, match="8 to 256 characters"):
        check_new_password(password)


@given(st.text())
def test_every_text_is_judged(text: str) -> None:
    assert is_common(text) in (True, False)


@pytest.mark.anyio
async def test_a_hash_fits_its_password_and_no_other_to_the_last_character() -> None:
    passwords = Passwords(threads=1)
    long = "ä" * 255
    kept = await passwords.hash(long + "x")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), "at least what OWASP asks for"
    assert await passwords.matches(kept, long + "x")
    assert not await passwords.matches(kept, long + "y")
    assert not await passwords.matches(None, long + "x")
    assert not await passwords.matches("no hash", long + "x")
    assert not await passwords.matches(kept, "\ud800")
    assert not passwords.is_outdated(kept)
    assert passwords.is_outdated("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
    passwords.close()


@pytest.mark.anyio
async def test_comparing_with_nothing_is_the_same_work() -> None:
    passwords = Passwords(threads=1)
    kept = await passwords.hash("something of ours")
    nobodys = passwords._nobodys  # pyright: ignore[reportPrivateUsage]
    assert nobodys.split("$")[:4] == kept.split("$")[:4]
    assert [len(part) for part in nobodys.split("$")] == [len(part) for part in kept.split("$")]
    passwords.close()


@pytest.mark.anyio
async def test_a_few_compare_at_a_time_some_wait_and_the_rest_are_told_to_come_again() -> None:
    passwords = Passwords(threads=2, waiting=3)
    running, most, gate, lock = 0, 0, threading.Event(), threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with lock:
            running -= 1

    refused = 0

    async def compare() -> None:
        nonlocal refused
        try:
            await passwords._run(work)  # pyright: ignore[reportPrivateUsage]
        except PasswordsBusyError:
            refused += 1

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(compare)
        while refused < 45:  # the loop goes on while the threads are held
            await anyio.sleep(0)
        gate.set()
    assert (most, refused) == (2, 45)
    await passwords._run(work)  # pyright: ignore[reportPrivateUsage] - there is room again
    passwords.close()


@pytest.mark.anyio
async def test_who_leaves_before_the_answer_keeps_their_thread_busy_until_it_is_done() -> None:
    passwords, gate = Passwords(threads=1, waiting=0), threading.Event()
    with anyio.move_on_after(0.05):
        await passwords._run(lambda: gate.wait(10))  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(PasswordsBusyError):
        await passwords.hash("something of ours")
    gate.set()
    with anyio.fail_after(5):
        while True:
            try:
                assert await passwords.matches(None, "x") is False
            except PasswordsBusyError:
                await anyio.sleep(0.01)
            else:
                break
    passwords.close()
