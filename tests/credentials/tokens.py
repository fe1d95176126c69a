"""Tokens as providers make them: signed by nobody."""

import base64
from typing import Any

import msgspec


def jwt(**claims: Any) -> str:
    return ".".join(_part(part) for part in ({"typ": "JWT", "alg": "HS512"}, claims, {"canary": "signature"}))


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).decode().rstrip("=")
