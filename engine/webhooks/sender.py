"""The sender: one attempt to deliver an alert, and what came of it."""

from typing import Final

import anyio
import httpx
import msgspec

from config import VERSION
from engine.providers.secret import Secret
from engine.storage.durable.alerts import FiredAlert
from engine.webhooks.addresses import AddressError, check_url, resolve
from engine.webhooks.signature import signature_of

STEP_S: Final = 5.0
"""For connecting, for TLS, for sending, and for the answer."""
TIMEOUT_S: Final = 20.0
"""For an attempt as a whole, however slowly each step goes on."""
LOOK_UPS: Final = 16
"""Of names, at a time: users choose them, and those whose name servers hang must hold up nothing but webhooks."""
_PORTS: Final = {"https": 443, "http": 80}


class Answer(msgspec.Struct, frozen=True):
    """What an attempt came to."""

    http_status: int | None
    """``None``: there was no answer."""
    why: str = ""
    """What is in the way; empty when it has arrived."""

    @property
    def is_delivered(self) -> bool:
        return not self.why


class Sender:
    """Connects to the very address that was looked at, follows no redirection, and reads nothing but the status."""

    def __init__(self, *, to_private: bool, step_s: float = STEP_S) -> None:
        self._to_private = to_private
        self._step_s = step_s
        self._threads = anyio.CapacityLimiter(LOOK_UPS)
        self._trust = httpx.create_ssl_context()

    async def send(self, url: str, secret: Secret, alert: FiredAlert, now_ns: int) -> Answer:
        """Tries once; never raises for what an address does."""
        try:
            with anyio.fail_after(TIMEOUT_S):
                status = await self._post(url, secret, alert, now_ns // 1_000_000_000)
        except AddressError as error:
            return Answer(None, f"the address can not be sent to: {error}")
        except TimeoutError:
            return Answer(None, f"no answer within {TIMEOUT_S:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(None, f"no answer: {type(error).__name__}")
        return Answer(status, "" if 200 <= status < 300 else f"it answered {status}")

    async def _post(self, url: str, secret: Secret, alert: FiredAlert, timestamp_s: int) -> int:
        parts = check_url(url, to_private=self._to_private)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = await resolve(host, port, to_private=self._to_private, threads=self._threads)
        body = written(alert)
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": f"ticktree/{VERSION}",
            "X-Ticktree-Id": alert.id,
            "X-Ticktree-Timestamp": str(timestamp_s),
            "X-Ticktree-Signature": signature_of(secret.reveal(), timestamp_s, body),
        }
        # A client of its own: a connection is never used again for another host at the same address.
        async with httpx.AsyncClient(verify=self._trust, trust_env=False, timeout=self._step_s) as client:
            for place, address in enumerate(addresses, 1):
                target = httpx.URL(url).copy_with(host=address)
                asked = client.stream("POST", target, content=body, headers=headers, extensions={"sni_hostname": host})
                try:
                    async with asked as response:
                        return response.status_code
                except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent: a name may have one that is dead
                    if place == len(addresses):
                        raise
        raise AssertionError("a name that is known has an address")


def written(alert: FiredAlert) -> bytes:
    """The body of a delivery; ``at`` in ms UTC."""
    return msgspec.json.encode(
        {
            "type": "alert",
            "id": alert.id,
            "rule": alert.rule,
            "name": alert.name,
            "about": alert.kind,
            "symbol": alert.instrument,
            "message": alert.message,
            "value": alert.value,
            "is_test": alert.is_test,
            "at": alert.at_ns // 1_000_000,
        }
    )
