"""Who calls: the shop by its API key, a browser by its signed chat identity."""

import secrets
import warnings
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from shopguide.ids import ConversationId, ShopperId
from shopguide.server.problems import Problem
from shopguide.settings import SHORTEST_SECRET, Settings

TOKEN_LIFETIME = timedelta(hours=24)
RENEWABLE_FOR = timedelta(days=180)
"""How long after its end a token still proves who a returning browser was."""
_ALGORITHM = "HS256"
_PREFIX = "web-"

_api_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="The shop's key (SHOPGUIDE_API_KEY).")
_bearer = HTTPBearer(auto_error=False, description="A chat token from POST /v1/chat/token.")


def is_shop(key: str | None, settings: Settings) -> bool:
    """Whether this is the shop's API key; takes as long for a wrong one as for the right one."""
    expected = settings.api_key.get_secret_value().encode()
    return key is not None and secrets.compare_digest(key.encode(), expected)


def require_shop(request: Request, key: Annotated[str | None, Depends(_api_key)]) -> None:
    """Let only the shop in.

    Raises:
        Problem: no key, or a wrong one (401).
    """
    if not is_shop(key, request.app.state.shop.settings):
        raise Problem(401, "This call needs the shop's key in X-API-Key.", {"WWW-Authenticate": "ApiKey"})


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


ShopOnly = Depends(require_shop)
Conversation = Annotated[ConversationId, Depends(require_chat)]
ApiKey = Annotated[str | None, Depends(_api_key)]
