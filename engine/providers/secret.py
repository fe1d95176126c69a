"""The secret: a string that does not show itself in logs, errors or a debugger's listing."""

from hashlib import sha256


def fingerprint(value: str) -> str:
    """Twelve letters by which a value can be told from others, and that give nothing away of a long random one."""
    return sha256(value.encode()).hexdigest()[:12]


class Secret:
    """Wraps a token or password; only ``reveal`` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def redact(self, text: str) -> str:
        """The text with every occurrence of the secret blotted out."""
        return text.replace(self._value, "***") if self._value else text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be written anywhere")
