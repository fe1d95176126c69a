"""Over HTTPS: the address that a name was looked up for is connected to, the name is what its certificate is asked for."""

import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.webhooks import Sender
from tests.certificates import Certificate
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.test_sender import ALERT, NOON, SECRET

NAME = "hooks.example.org"
PUBLIC = "93.184.215.14"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the name that vouches for itself."""
    return Certificate.made_in(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
def tls(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What the receiver speaks; who sends from now on trusts it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))
    return certificate.context()


class Names:
    """All names mean these addresses, looked up for the first time, the second ...; the last answer stays."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self._of_addresses = socket.getaddrinfo

    def look_up(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host[0].isdecimal():
            return self._of_addresses(host, port, *more, **named)
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@contextmanager
def naming(*answers: tuple[str, ...]) -> Generator[Names]:
    names = Names(*answers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names.look_up)
        yield names


def url(receiver: Receiver, name: str = NAME) -> str:
    return receiver.url.replace("http:", "https:").replace("127.0.0.1", name)


async def test_what_is_sent_over_https_arrives_at_the_address_that_was_looked_up(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    async with receiving(204, tls=tls) as receiver:
        with naming(("127.0.0.1",), ("127.0.0.2",)) as names:
            answer = await Sender(to_private=True).send(url(receiver), SECRET, ALERT, NOON)
        [received] = receiver.received
    assert (answer.http_status, answer.why) == (204, "")
    assert names.asked == [NAME], "a second answer might have been another"
    assert received.headers["host"] == url(receiver).split("/")[2]
    assert received.line == "POST /hook?a=1 HTTP/1.1"


async def test_who_has_the_address_and_not_the_names_certificate_is_sent_nothing(tls: ssl.SSLContext) -> None:
    async with receiving(204, tls=tls) as receiver:
        with naming(("127.0.0.1",)):
            answer = await Sender(to_private=True).send(url(receiver, "other.example.org"), SECRET, ALERT, NOON)
        assert receiver.received == []
    assert answer.why == "no answer: ConnectError"


@pytest.mark.parametrize("addresses", [("127.0.0.1",), (PUBLIC, "127.0.0.1"), ("127.0.0.1", PUBLIC)])
async def test_a_name_that_has_come_to_mean_this_machine_is_refused(
    tls: ssl.SSLContext, addresses: tuple[str, ...]
) -> None:
    async with receiving(204, tls=tls) as receiver:
        with naming(addresses):
            answer = await Sender(to_private=False).send(url(receiver), SECRET, ALERT, NOON)
        assert receiver.received == []
    assert answer.why == "the address can not be sent to: it is in a private network"


async def test_where_one_address_of_a_name_is_dead_the_next_one_is_sent_to(tls: ssl.SSLContext) -> None:
    async with receiving(204, tls=tls) as receiver:
        with naming(("127.0.0.2", "127.0.0.1")):
            answer = await Sender(to_private=True).send(url(receiver), SECRET, ALERT, NOON)
        assert len(receiver.received) == 1
    assert answer.is_delivered
