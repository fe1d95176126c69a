"""``/ws``: the handshake, and the reading of one client's messages."""

import asyncio
from urllib.parse import urlsplit

from quart import Blueprint, abort, websocket

from engine.runtime import ActorRef, MailboxFullError
from web.access import bearer
from web.answers import data_kind
from web.hub import Outbox
from web.limits import Bucket
from web.protocol import JSON, MSGPACK, MSGPACK_SUBPROTOCOL, Close, Code, Conversation, Encoding, Problem
from web.routes.guards import address
from web.services import Services, services
from web.sockets.gate import Plumbing, plumbing
from web.sockets.line import SocketLine
from web.sockets.session import Incoming, turn_away

blueprint = Blueprint("socket", __name__)

MESSAGES_PER_S = 20.0
MESSAGES_AT_ONCE = 200.0


@blueprint.websocket("/ws")
async def follow() -> None:
    """Accepts at once, since the handshake is only answered then; who the client is, it may say afterwards."""
    if not _welcome(websocket.headers.get("Origin"), websocket.headers.get("Host", "")):
        abort(403)
    pipes = plumbing(websocket)
    if pipes is None:
        abort(400, "sockets are served over HTTP/1.1")
    binary = MSGPACK_SUBPROTOCOL in websocket.requested_subprotocols
    await websocket.accept(  # pyright: ignore[reportUnknownMemberType]
        {"X-Ticktree-Data": data_kind()}, MSGPACK_SUBPROTOCOL if binary else None
    )
    code, reason = await _serve(pipes, MSGPACK if binary else JSON)
    await websocket.close(code, reason)


async def _serve(pipes: Plumbing, encoding: Encoding) -> tuple[int, str]:
    """Lives as long as the client does; tells with which words to close."""
    rules = services()
    who = address(websocket)
    line: SocketLine | None = None
    try:
        async with asyncio.timeout(None) as deadline:
            line = SocketLine(pipes, deadline)
            outbox = Outbox(line, Conversation(encoding, authenticated=rules.access.public_feed))
            try:
                if _let_in(rules, outbox, who):
                    await _attend(rules, outbox, who)
            finally:
                line.hang_up()
    except TimeoutError:  # the line woke us to close it
        pass
    return (line.closing if line else None) or (Close.INTERNAL, "the session ended")


async def _attend(rules: Services, outbox: Outbox, who: str) -> None:
    session = await rules.sessions.open(outbox, who)
    try:
        await _read(session, outbox)
    finally:
        rules.sessions.close(session)


def _let_in(rules: Services, outbox: Outbox, who: str) -> bool:
    if not rules.sessions.has_room(who):
        outbox.send_problem(Problem(Code.TOO_MANY_CONNECTIONS, "too many clients", temporary=True))
        outbox.close(Close.CONNECTION_LIMIT, "too many clients")
        return False
    token = bearer(websocket.headers.get("Authorization"))
    if token is None:
        return True
    if rules.access.admits(token, who, asyncio.get_running_loop().time()):
        outbox.conversation.authenticated = True
        return True
    turn_away(outbox, rules.access)
    return False


async def _read(session: ActorRef, outbox: Outbox) -> None:
    """Hands every message on at once: Quart would keep any number of them."""
    loop = asyncio.get_running_loop()
    bucket = Bucket(MESSAGES_PER_S, MESSAGES_AT_ONCE, loop.time())
    while not outbox.closed:
        message = await websocket.receive()
        try:
            if bucket.take(loop.time()):
                session.tell(Incoming(message))
                continue
        except MailboxFullError:
            pass
        outbox.close(Close.TOO_FAST, "too many messages")


def _welcome(origin: str | None, host: str) -> bool:
    """Programs send no Origin; pages may come from our own address and from those that are allowed."""
    if origin is None or origin in services().allowed_origins:
        return True
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
