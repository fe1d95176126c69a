"""Databento's live gateway over TCP: log in, subscribe, listen, and tell exactly why it ended."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio

from engine.providers.base import (
    Capabilities,
    Mode,
    Notification,
    Notify,
    PlanError,
    ProviderError,
    Route,
    VolumeBasis,
    ignore,
)
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.bookmarks import Bookmarks
from engine.providers.databento.control import ROUTINE, Mapping, Word, read_control
from engine.providers.databento.decoder import DatabentoDecoder
from engine.providers.databento.failures import gateway_failure, login_failure
from engine.providers.databento.lines import START_LINE, login_line, parse_line, subscription_lines
from engine.providers.databento.planner import LIMITS, dataset_of, plan_connections
from engine.providers.databento.records import CONTROL_KINDS, Framing
from engine.providers.databento.wire import Patience, Wire, open_wire
from engine.providers.keyring import Keyring
from engine.providers.secret import Secret

_LINES_BEFORE_CHALLENGE: Final = 5


class DatabentoFeed:
    """A provider's stream of trades, as Databento's gateway sends it. It holds no connection itself."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DatabentoEndpoints | None = None,
        *,
        mode: Mode | str = Mode.QUOTE,
        name: str = "databento",
        patience: Patience | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = name
        self.limits = LIMITS
        self.capabilities = Capabilities(modes=tuple(Mode), volume=VolumeBasis.TRADES, depth=1, replays=True)
        self._keyring = keyring
        self._endpoints = endpoints or DatabentoEndpoints()
        self._mode = Mode(mode)
        self._patience = patience or Patience()
        self._clock = clock
        self._bookmarks = Bookmarks()

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` for what Databento can not know."""
        return plan_connections(routes)

    def decoder(self, routes: Sequence[Route]) -> DatabentoDecoder:
        """A decoder that passes over what others of this feed have told so far: nothing of a replay is told twice.

        Of two that read at the same time, each tells all that comes from then on.
        """
        return DatabentoDecoder(routes, provider=self.name, bookmarks=self._bookmarks)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator["DatabentoConnection"]:
        """A connection on which the routes are subscribed, from ``since_ns`` on, or from now if that is 0.

        It may begin earlier than asked, as clocks differ; the feed's decoders pass over what they have told already.
        """
        dataset, key = dataset_of(routes), self._keyring.current.token
        start_ns = self._bookmarks.start_ns(routes, since_ns, self._clock()) if since_ns else 0

        def tell(kind: str, word: Word) -> None:
            notify(Notification(self.name, kind, self._clock(), {"text": word.text, "code": word.code}))

        async with open_wire(*self._endpoints.gateway(dataset), self._patience) as wire:
            await self._log_in(wire, dataset, key)
            connection = DatabentoConnection(wire, dataset, self._mode, tell)
            await connection.begin(routes, start_ns)
            yield connection

    async def _log_in(self, wire: Wire, dataset: str, key: Secret) -> None:
        try:
            with trio.fail_after(self._patience.login_s):
                challenge = await _challenge(wire)
                await wire.send(login_line(challenge, key, dataset, self._patience.heartbeat_s))
                answer = parse_line(await wire.read_line())
        except trio.TooSlowError as error:
            raise ProviderError(
                f"Databento's gateway left the login unanswered for {self._patience.login_s:g} s"
            ) from error
        if answer.get("success") != "1":
            raise login_failure(key.redact(answer.get("error", "")))


class DatabentoConnection:
    """One open session with a gateway."""

    def __init__(self, wire: Wire, dataset: str, mode: Mode, tell: Callable[[str, Word], None]) -> None:
        self._wire = wire
        self._dataset = dataset
        self._mode = mode
        self._tell = tell
        self._framing = Framing()
        self._begun = False
        self._subscribed: dict[str, Mode] = {}
        self._complaint = ""
        self._parting: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came, heartbeats included; seconds of trio's clock."""
        return self._wire.heard_s

    async def begin(self, routes: Sequence[Route], start_ns: int) -> None:
        """Subscribe the first routes and start the session: only what is asked before that may begin in the past."""
        await self._wire.send(*subscription_lines(routes, self._mode, start_ns), START_LINE)
        self._subscribed = dict.fromkeys((route.key for route in routes), self._mode)

    async def receive(self) -> bytes:
        """The next whole records. Raises ``ProviderError`` when the session ends, breaks or falls silent.

        Records that announce the end are still handed out, for the trades before them; the call after it raises.
        """
        frame = b""
        while not frame:
            if self._parting is not None:
                raise self._parting
            try:
                frame = self._frame(await self._wire.receive())
            except ProviderError as error:
                if self._parting is None and not self._complaint:
                    raise
                raise self._parting or self._explained(error) from error
        return frame

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """Ask for more routes; for known ones once more, which changes nothing that is still subscribed.

        Another mode than before ends the connection instead: both would go on, and every trade would come twice.
        """
        mode = mode or self._mode
        if routes and dataset_of(routes) != self._dataset:
            raise PlanError(f"this connection to Databento is one to {self._dataset}", routes)
        if any(self._subscribed.get(route.key, mode) is not mode for route in routes):
            self._parting = ProviderError("Databento changes no mode on an open connection: a new connection is needed")
            await self._wire.close()
            raise self._parting
        await self._wire.send(*subscription_lines(routes, mode))
        self._subscribed |= dict.fromkeys((route.key for route in routes), mode)

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        """Nothing is sent: how the gateway is to be told is not documented. Decoders that forget the routes pass them over."""

    def _frame(self, data: bytes) -> bytes:
        piece = self._framing.push(data)
        for run in piece.runs:
            if run.kind in CONTROL_KINDS:
                self._hear(read_control(piece.data[run.start : run.stop], run.size, self._framing.version))
        if self._framing.broken and self._parting is None:
            self._parting = ProviderError(f"Databento's stream can not be read on: {self._framing.broken}")
        if self._begun or not self._framing.metadata:
            return piece.records
        self._begun = True
        return self._framing.metadata + piece.records

    def _hear(self, told: Sequence[Mapping | Word | None]) -> None:
        for word in told:
            if not isinstance(word, Word):
                continue
            if word.is_error:
                self._complaint = word.text
                self._parting = self._parting or gateway_failure(word.code, word.text)
                self._tell("error", word)
            elif word.code not in ROUTINE:
                self._tell("message", word)

    def _explained(self, error: ProviderError) -> ProviderError:
        return ProviderError(f"{error}; its last complaint was: {self._complaint}")


async def _challenge(wire: Wire) -> str:
    for _ in range(_LINES_BEFORE_CHALLENGE):
        line = parse_line(await wire.read_line())
        if "cram" in line:
            return line["cram"]
        if "error" in line:
            raise login_failure(line["error"])
    raise ProviderError("Databento's gateway did not ask who we are")
