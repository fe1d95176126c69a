"""What can go wrong beyond what a client waits for and tries again."""


class ClientError(Exception):
    """ticktree can not be used like this."""


class RefusedError(ClientError):
    """The server understood and will not: a wrong or ended token, a missing permission, a wish that makes no sense."""


class UnavailableError(ClientError):
    """No answer after several attempts; it may be tried again later."""
