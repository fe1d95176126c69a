"""The described interface: what routes take and answer as types, checked and told at ``/openapi.json``."""

from web.openapi.document import document_of, install
from web.openapi.models import Body, Page, Query
from web.openapi.routes import (
    document_errors,
    document_media,
    document_response,
    guarded,
    hide,
    opened_by_public_feed,
    validate_querystring,
    validate_request,
)

__all__ = [
    "Body",
    "Page",
    "Query",
    "document_errors",
    "document_media",
    "document_of",
    "document_response",
    "guarded",
    "hide",
    "install",
    "opened_by_public_feed",
    "validate_querystring",
    "validate_request",
]
