"""The assets: the files of Swagger UI and ReDoc, out of their installed packages, under addresses that change with them."""

import gzip
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

_SCRIPT: Final = "text/javascript; charset=utf-8"
_STYLE: Final = "text/css; charset=utf-8"

START: Final = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
"""Starts Swagger UI. Without ``validatorUrl: null`` it shows our document to somebody else's server; with all operations
opened out it would be drawing them for minutes."""
FOREIGN_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
NO_LOGO: Final = b"data:,"
"""ReDoc asks its makers for a picture, which our policy refuses with an error on every reader's console."""
_FILES: Final = {
    "swagger-ui.js": ("flask_swagger_ui", "dist/swagger-ui-bundle.js", _SCRIPT),
    "swagger-ui.css": ("flask_swagger_ui", "dist/swagger-ui.css", _STYLE),
    "redoc.js": ("flask_openapi_redoc", "templates/redoc/js/redoc.standalone.js", _SCRIPT),
}
_OURS: Final = {"swagger-start.js": (START, _SCRIPT)}
NAMES: Final = (*_FILES, *_OURS)


class Asset(msgspec.Struct, frozen=True):
    """One file, ready to be sent; packed once, since all who read the pages ask for it."""

    content_type: str
    packed: bytes
    """With gzip, which every browser can undo."""
    digest: str
    """Of what it holds: another version is another address."""

    @property
    def plain(self) -> bytes:
        """As it is in its package."""
        return gzip.decompress(self.packed)


@cache
def asset(name: str) -> Asset:
    """One of ``NAMES``; reads and packs it when it is first asked for, which takes a tenth of a second."""
    if name in _OURS:
        text, content_type = _OURS[name]
        return _asset(text.encode(), content_type)
    package, path, content_type = _FILES[name]
    return _asset((_folder(package) / path).read_bytes().replace(FOREIGN_LOGO, NO_LOGO), content_type)


def _folder(package: str) -> Path:
    """Where it is installed; it is not imported, so none of its code runs."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{package} is not installed: run make setup")
    return Path(found.origin).parent


def _asset(content: bytes, content_type: str) -> Asset:
    return Asset(content_type, gzip.compress(content, 6, mtime=0), sha256(content).hexdigest()[:16])
