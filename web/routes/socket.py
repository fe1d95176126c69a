"""``/ws``: the handshake, and the reading of one client's messages."""

import asyncio

import structlog
from quart import Blueprint, abort, g, websocket

from engine.runtime import ActorRef, AskTimeoutError, MailboxFullError
from web.access import AccessError
from web.accounts.principal import public
from web.address import limit_key
from web.answers import data_kind
from web.hub import Outbox
from web.limits import Bucket
from web.origins import is_ours
from web.protocol import JSON, MSGPACK, MSGPACK_SUBPROTOCOL, Authenticate, Close, Conversation, Encoding
from web.routes.guards import address, is_bare, token
from web.services import Services, services
from web.sockets.admission import refuse, turn_away
from web.sockets.gate import Plumbing, plumbing
from web.sockets.line import SocketLine
from web.sockets.messages import Incoming

log = structlog.get_logger("ticktree.web")

blueprint = Blueprint("socket", __name__)

MESSAGES_PER_S = 20.0
MESSAGES_AT_ONCE = 200.0


@blueprint.websocket("/ws")
async def follow() -> None:
    """Accepts at once, since the handshake is only answered then; who the client is, it may say afterwards."""
    origin = websocket.headers.get("Origin")  # programs send none
    if origin is not None and not is_ours(origin, websocket.headers.get("Host", ""), services().allowed_origins):
        abort(403)
    if is_bare(websocket):
        abort(403, "this site is served over HTTPS: use wss")
    pipes = plumbing(websocket)
    if pipes is None:
        abort(400, "sockets are served over HTTP/1.1")
    binary = MSGPACK_SUBPROTOCOL in websocket.requested_subprotocols
    await websocket.accept(  # pyright: ignore[reportUnknownMemberType]
        {"X-Ticktree-Data": data_kind()}, MSGPACK_SUBPROTOCOL if binary else None
    )
    try:
        code, reason = await _serve(pipes, MSGPACK if binary else JSON)
    except Exception:  # the last resort: Quart would call it a normal end
        log.exception("socket_failed")
        code, reason = Close.INTERNAL, f"something went wrong here; it has been logged as {g.request_id}"
    await websocket.close(code, reason)


async def _serve(pipes: Plumbing, encoding: Encoding) -> tuple[int, str]:
    """Lives as long as the client does; tells with which words to close."""
    rules = services()
    who = limit_key(address(websocket))
    line: SocketLine | None = None
    try:
        async with asyncio.timeout(None) as deadline:
            line = SocketLine(pipes, deadline)
            outbox = Outbox(line, Conversation(encoding, authenticated=False))
            try:
                if await _let_in(rules, outbox, who):
                    await _attend(rules, outbox, line, who)
            finally:
                rules.admission.leave(outbox)
                line.hang_up()
    except TimeoutError:  # the line woke us to close it
        pass
    return (line.closing if line else None) or (Close.INTERNAL, "the session ended")


async def _attend(rules: Services, outbox: Outbox, line: SocketLine, who: str) -> None:
    try:
        session = await rules.sessions.open(outbox, who)
    except (MailboxFullError, AskTimeoutError):
        refuse(outbox, "too many clients at once")
        return
    try:
        await _read(session, outbox, line)
    finally:
        rules.sessions.close(session)


async def _let_in(rules: Services, outbox: Outbox, who: str) -> bool:
    admission = rules.admission
    shown = Authenticate(token(websocket) or "", ticket=websocket.args.get("ticket", ""))
    shows = bool(shown.token or shown.ticket)
    if not admission.enter(outbox, who, shows=shows):
        refuse(outbox, "too many clients")
        return False
    if not shows:
        return not rules.access.public_feed or admission.admit(outbox, public(who))
    try:
        return admission.admit(outbox, await admission.recognize(shown, who))
    except AccessError as error:
        turn_away(outbox, error)
        return False


async def _read(session: ActorRef, outbox: Outbox, line: SocketLine) -> None:
    """Hands every message on at once: Quart would keep any number of them."""
    loop = asyncio.get_running_loop()
    bucket = Bucket(MESSAGES_PER_S, MESSAGES_AT_ONCE, loop.time())
    while not outbox.closed:
        message = await websocket.receive()
        line.taken(message)
        try:
            if bucket.take(loop.time()) and not line.flooded:
                session.tell(Incoming(message))
                continue
        except MailboxFullError:
            pass
        outbox.close(Close.TOO_FAST, "too many messages")
