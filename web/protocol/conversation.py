"""One client's conversation, without its socket: messages in, commands out, answers in the client's own dialect."""

from web.protocol.chart import CHART
from web.protocol.dialect import Dialect, Message
from web.protocol.encoding import Encoding
from web.protocol.errors import Code, Problem, RequestError
from web.protocol.full import FULL
from web.protocol.full import KEY as FULL_KEY
from web.protocol.messages import Authenticate, Command, Ping
from web.protocol.requests import request_id
from web.protocol.screener import SCREENER
from web.protocol.simple import KEY as SIMPLE_KEY
from web.protocol.simple import SIMPLE
from web.protocol.typed import KEY as TYPED_KEY
from web.protocol.typed import TYPED

_DIALECTS: dict[str, Dialect] = {FULL_KEY: FULL, SIMPLE_KEY: SIMPLE, TYPED_KEY: TYPED}


class Conversation:
    """Picks the dialect by the first key it knows and lets nothing through before the client is known.

    Of the two dialects with ``type``, the first message that only one of them has tells which. Until a dialect is picked,
    errors are told in the full one.
    """

    __slots__ = ("_picked", "authenticated", "dialect", "encoding")

    def __init__(self, encoding: Encoding, *, authenticated: bool) -> None:
        self.encoding = encoding
        self.authenticated = authenticated
        self.dialect: Dialect = FULL
        self._picked = False

    def receive(self, data: str | bytes | None) -> Command:
        """The command in a message; RequestError, with nothing changed, for anything else."""
        message = self.encoding.decode(data)
        if not self._picked:
            self.dialect, self._picked = _pick(message), True
        if self.dialect is TYPED:
            self.dialect = _pick_typed(message)
        command = self.dialect.parse(message)
        self._check(command)
        return command

    def frame(self, *messages: Message) -> bytes:
        """Messages as frames, one each."""
        encoding = self.encoding
        return b"".join([encoding.frame(encoding.encode(message)) for message in messages])

    def problem(self, problem: Problem) -> bytes:
        """A problem in the client's dialect, framed."""
        return self.frame(self.dialect.problem(problem))

    def _check(self, command: Command) -> None:
        if not (self.authenticated or isinstance(command, Authenticate | Ping)):
            raise RequestError(Problem(Code.NOT_AUTHENTICATED, "authenticate first", id=command.id))


def _pick(message: Message) -> Dialect:
    for key, dialect in _DIALECTS.items():
        if key in message:
            return dialect
    raise RequestError.syntax("the first message needs action, message_type or type", id=request_id(message))


def _pick_typed(message: Message) -> Dialect:
    kind = message.get(TYPED_KEY)
    if kind == "get_history" or (kind == "unsubscribe" and "timeframe" in message):
        return CHART
    return SCREENER if kind in ("subscribe", "unsubscribe") else TYPED
