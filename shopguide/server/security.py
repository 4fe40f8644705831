"""Who calls: a client of the shop by its API key, a browser by its signed chat identity."""

import secrets
import warnings
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from shopguide.access.keys import ALL_SCOPES, Scope
from shopguide.access.service import Caller
from shopguide.bootstrap import Shop
from shopguide.errors import BadKey
from shopguide.ids import ConversationId, ShopperId
from shopguide.server.limits import RateLimit
from shopguide.server.problems import Problem
from shopguide.settings import SHORTEST_SECRET

TOKEN_LIFETIME = timedelta(hours=24)
RENEWABLE_FOR = timedelta(days=180)
"""How long after its end a token still proves who a returning browser was."""
_ALGORITHM = "HS256"
_PREFIX = "web-"
_ASK_FOR_KEY = {"WWW-Authenticate": "ApiKey"}

_api_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="A key from `shopguide keys create`.")
_bearer = HTTPBearer(auto_error=False, description="A chat token from POST /v1/chat/token.")


OPERATOR = Caller("operator", ALL_SCOPES)
"""Whoever holds SHOPGUIDE_API_KEY."""


def caller_of(request: Request, key: str | None) -> Caller:
    """Return who calls.

    Raises:
        Problem: no key, or one that does not hold (401).
        DatabaseError: the key is new to this process and the database cannot be reached.
    """
    shop: Shop = request.app.state.shop
    if key is None:
        raise Problem(401, "This call needs an API key in X-API-Key.", _ASK_FOR_KEY)
    # Takes as long for a wrong key as for the right one.
    if secrets.compare_digest(key.encode(), shop.settings.api_key.get_secret_value().encode()):
        return OPERATOR
    try:
        return shop.access.caller(key)
    except BadKey as error:
        raise Problem(401, str(error), _ASK_FOR_KEY) from error


def check_scope(request: Request, caller: Caller, scope: Scope) -> None:
    """Let a caller do what a scope allows, not too often.

    Raises:
        Problem: the key lacks the scope (403), or the client has called too often (429).
    """
    if scope not in caller.scopes:
        raise Problem(403, f"The key lacks the scope {scope}.", missing=scope)
    limits: RateLimit = request.app.state.api_limits
    limits.check(f"{scope.partition(':')[0]}\0{caller.client}")


def _require_key(request: Request, needed: SecurityScopes, key: Annotated[str | None, Depends(_api_key)]) -> Caller:
    caller = caller_of(request, key)
    for scope in needed.scopes:
        check_scope(request, caller, cast("Scope", scope))
    return caller


def needs(scope: Scope) -> Any:
    """Return what lets only callers with a scope in: a dependency of a route, whose value is the `Caller`.

    Without a key that holds the answer is 401, without the scope 403; a client that calls the routes of one group (the
    part of the scope before the colon) too often gets 429.
    """
    return Security(_require_key, scopes=[scope])


class ChatTokens:
    """Signs and checks chat identities (JWT, HS256); the dialogue server checks them with the same secret.

    Args:
        secret: the secret that both servers share.
    """

    def __init__(self, secret: str) -> None:
        self._key = secret
        if len(secret.encode()) < SHORTEST_SECRET:
            # Settings allow this in development only; PyJWT would say it again at every token.
            warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

    def issue(
        self, conversation_id: ConversationId, shopper_id: ShopperId | None = None, now: datetime | None = None
    ) -> tuple[str, datetime]:
        """Return a signed token and when it ends."""
        issued = now or datetime.now(UTC)
        ends = issued + TOKEN_LIFETIME
        claims: dict[str, Any] = {"sub": conversation_id, "iat": issued, "exp": ends}
        if shopper_id is not None:
            claims["shopper"] = shopper_id
        return jwt.encode(claims, self._key, _ALGORITHM), ends

    def conversation_of(self, token: str, leeway: timedelta = timedelta(0)) -> ConversationId | None:
        """Return whose token this is; `None` if it is forged, malformed, or ended longer than `leeway` ago."""
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], leeway=leeway, options={"require": ["sub", "exp"]})
        except jwt.InvalidTokenError:
            return None
        subject = str(claims["sub"])
        return ConversationId(subject) if subject.startswith(_PREFIX) else None


def new_conversation() -> ConversationId:
    """Return an id that nobody can guess."""
    return ConversationId(_PREFIX + secrets.token_urlsafe(18))


def require_chat(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> ConversationId:
    """Let only a browser with a valid chat token in, and say which conversation it is.

    Raises:
        Problem: no token, or one that does not hold (401).
    """
    tokens: ChatTokens = request.app.state.chat_tokens
    conversation = tokens.conversation_of(credentials.credentials) if credentials else None
    if conversation is None:
        raise Problem(401, "This call needs a chat token.", {"WWW-Authenticate": "Bearer"})
    return conversation


Conversation = Annotated[ConversationId, Depends(require_chat)]
ApiKey = Annotated[str | None, Depends(_api_key)]
