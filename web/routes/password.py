"""``/auth/password``: another password for who knows the current one."""

from quart import Blueprint, Response, request

from web.accounts.attempts import CHANGE_PASSWORD
from web.accounts.errors import AccountError, WrongPasswordError
from web.openapi import document_errors, document_response, validate_request
from web.routes.auth import count, refuse
from web.routes.commands import audit
from web.routes.grants import Tokens, granted
from web.routes.guards import address, principal, require_user
from web.routes.texts import Client, Secret, Text
from web.services import services

blueprint = Blueprint("password", __name__, url_prefix="/auth/password")
blueprint.before_request(require_user)


class PasswordChange(Secret, frozen=True, kw_only=True):
    """The password that is to be changed, and the one that takes its place."""

    current_password: Text
    new_password: Text
    client: Client = "program"


@blueprint.post("")
@validate_request(PasswordChange)
@document_response(Tokens)
@document_errors(409)
async def change(data: PasswordChange) -> Response:
    """Changes one's own password. All sessions end, and their sockets; the answer has the tokens of a new one."""
    rules, user = services(), principal().subject
    await count(CHANGE_PASSWORD, user)
    try:
        known = await rules.accounts.change_password(user, data.current_password, data.new_password)
        grant = await rules.accounts.sign_in(known.user, address(request), password_hash=known.password_hash)
    except AccountError as error:
        if isinstance(error, WrongPasswordError):
            await audit("password_change", user, outcome="refused")
        refuse(error)
    await rules.attempts.forgive(CHANGE_PASSWORD, user)
    await audit("password_change", user, outcome="done")
    return granted(grant, browser=data.client == "browser")
