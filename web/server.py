"""The server: Hypercorn on the process's own loop, and an end in good order."""

import asyncio
import logging
import os
import socket
from datetime import UTC, datetime
from typing import Any

import anyio
import structlog
from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.config import Config

from config.settings import Settings
from engine.market.continuous import RollRule
from engine.runtime import TaskActor
from engine.storage.errors import StorageError
from web.directory import read_listing
from web.protocol import Close
from web.services import Services
from web.site import site

log = structlog.get_logger("ticktree.server")

REFRESH_S = 60.0
"""Time between two readings of the instruments and the administrator's token."""
RETRY_S = 1.0
START_S = 10.0
FIRST_READING_S = 2.0
"""Who comes in at once should find everything; without PostgreSQL, that this process lives and is not ready."""
GOODBYE_S = 3.0
MESSAGE_BYTES = 64 * 1024
HEADER_BYTES = 64 * 1024
"""A thousand keys in an address are some 20 KiB."""
BACKLOG = 1024
IDLE_S = 20.0
"""A connection on which no request has become whole for so long is cut off."""


class WebServer(TaskActor):
    """Serves until it is stopped; then lets nobody in, says goodbye to all clients and waits until they are gone."""

    def __init__(self, settings: Settings, services: Services, listen_fd: int | None) -> None:
        super().__init__()
        self._settings = settings
        self._services = services
        self._listen_fd = listen_fd
        self._closing = asyncio.Event()
        self._closed = asyncio.Event()
        self._stamp = ""
        """Of the instruments that were read last."""

    async def on_start(self) -> None:
        app = site(self._services, simulated=self._settings.simulated)
        serving = asyncio.Event()
        app.before_serving(_setter(serving))
        with anyio.move_on_after(FIRST_READING_S):
            await self._read_if_possible()
        self.spawn(self._serve, app, _configuration(self._socket()))
        self.spawn(self._refresh)
        with anyio.fail_after(START_S):
            await serving.wait()

    async def on_stop(self) -> None:
        self._closing.set()
        await asyncio.sleep(0)
        for outbox in self._services.hub.outboxes:
            conversation = outbox.conversation
            outbox.send(conversation.frame(conversation.dialect.notice("the server is restarting; come back soon")))
            outbox.close(Close.SERVER_RESTART, "server restart")
        await self._closed.wait()

    async def _serve(self, app: Any, configuration: Config) -> None:
        try:
            await serve(app, configuration, shutdown_trigger=self._closing.wait)
        finally:
            self._closed.set()

    def _socket(self) -> int:
        """The launcher's socket, shared by all web processes; or one of our own."""
        if self._listen_fd is not None:
            return os.dup(self._listen_fd)  # Hypercorn closes its own, and we may be started again
        settings = self._settings
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG).detach()

    async def _refresh(self) -> None:
        """Instruments are added and tokens changed while we serve; without PostgreSQL what was read stays good."""
        directory, done = self._services.directory, self._services.directory.ready
        while True:
            await anyio.sleep(REFRESH_S if done and directory.listing.segment_keys else RETRY_S)
            done = await self._read_if_possible()

    async def _read_if_possible(self) -> bool:
        try:
            await self._read()
        except StorageError as error:
            log.warning("directory_not_read", error=str(error))
            return False
        return True

    async def _read(self) -> None:
        settings, services = self._settings, self._services
        today = datetime.fromtimestamp(self.system.clock.now_ns() / 1e9, UTC).date()
        stamp = f"{today} {await services.durable.stamp()}"
        if stamp != self._stamp:  # to read 200,000 instruments holds all clients up for a second
            exchanges, rule = settings.default_exchanges, RollRule(settings.roll_by, settings.roll_days_before)
            listing = await read_listing(services.durable, settings.providers, exchanges, today, rule)
            services.directory.replace(listing)
            self._stamp = stamp
        if settings.admin_token is None:
            before, now = services.access.admin_hash, await services.durable.hash_of("admin_token")
            services.access.admin_hash = now
            if before not in (None, now):
                services.admission.part_with_operators()


def _configuration(listen_fd: int) -> Config:
    config = Config()
    config.bind = [f"fd://{listen_fd}"]
    config.backlog = BACKLOG
    config.accesslog = None
    config.errorlog = logging.getLogger("ticktree.hypercorn")
    config.errorlog.setLevel(logging.WARNING)
    config.include_server_header = False
    config.h11_max_incomplete_size = HEADER_BYTES
    config.websocket_max_message_size = MESSAGE_BYTES
    config.max_app_queue_size = 0  # bounded, it blocks the reading of a client whose handler has returned, for ever
    config.graceful_timeout = GOODBYE_S
    config.keep_alive_timeout = IDLE_S
    return config


def _setter(event: asyncio.Event) -> Any:
    async def set_event() -> None:
        event.set()

    return set_event
