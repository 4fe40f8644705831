"""What the chat page calls: a signed identity, and what the shopper did with a slate."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from shopguide.bootstrap import Shop
from shopguide.feedback.events import FeedbackEvent
from shopguide.ids import ConversationId, ShopperId, SlateId
from shopguide.server.events import record
from shopguide.server.limits import RateLimit
from shopguide.server.models import ChatEvents, Recorded, Refused, TokenRequest, TokenResponse
from shopguide.server.openapi import WRITING, problems
from shopguide.server.problems import Problem
from shopguide.server.security import (
    RENEWABLE_FOR,
    ApiKey,
    ChatTokens,
    Conversation,
    caller_of,
    check_scope,
    new_conversation,
)

CHANNEL = "socketio"
"""The name of the page's channel in the dialogue server: with the conversation id it is the shopper's identity."""
TOKENS_PER_MINUTE = 30
EVENTS_PER_MINUTE = 120

router = APIRouter(prefix="/v1/chat", tags=["chat page"])


class ChatLimits:
    """How often a browser may call, in one process."""

    def __init__(self) -> None:
        self.tokens = RateLimit(TOKENS_PER_MINUTE)
        self.events = RateLimit(EVENTS_PER_MINUTE)


@router.post("/token", responses=problems(*WRITING))
def post_token(request: Request, key: ApiKey, body: TokenRequest | None = None) -> TokenResponse:
    """Return a signed chat identity: a new one, or the old one's, for a browser that comes back with its token.

    A shop that knows its visitor asks for the token itself, with its key and the shopper's id, and hands it on.
    """
    shop: Shop = request.app.state.shop
    tokens: ChatTokens = request.app.state.chat_tokens
    body = body or TokenRequest()
    known = ShopperId(body.shopper_id) if body.shopper_id else None
    if key is not None:
        check_scope(request, caller_of(request, key), "chat:tokens")
    elif known is not None:
        raise Problem(401, "Only the shop may say who a visitor is; a key is needed in X-API-Key.")
    else:
        request.app.state.chat_limits.tokens.check(request.client.host if request.client else "")
    old = tokens.conversation_of(body.token, leeway=RENEWABLE_FOR) if body.token and known is None else None
    conversation = old or new_conversation()
    if known is not None:
        shop.profiles.link(CHANNEL, conversation, known)
    token, ends = tokens.issue(conversation, known)
    return TokenResponse(
        token=token,
        expires_at=ends,
        conversation_id=conversation,
        socket_url=shop.settings.chat_url or shop.settings.rasa_url,
    )


@router.post("/events", responses=problems(*WRITING))
def post_chat_events(request: Request, conversation: Conversation, body: ChatEvents) -> Recorded:
    """Report what the shopper did with products of slates that this conversation was shown."""
    request.app.state.chat_limits.events.check(conversation, len(body.events))
    shop: Shop = request.app.state.shop
    shopper = shop.profiles.shopper_for(CHANNEL, conversation)
    now = datetime.now(UTC)
    shown: dict[str, frozenset[str]] = {}
    events: list[FeedbackEvent] = []
    refused: list[Refused] = []
    for event in body.events:
        if event.slate_id not in shown:
            shown[event.slate_id] = _products(shop, conversation, SlateId(event.slate_id))
        if event.sku in shown[event.slate_id]:
            events.append(event.to_event(conversation, shopper, now))
        else:
            refused.append(Refused(event_id=event.event_id, why="sku: was not shown on this slate to this shopper"))
    recorded = record(request, events)
    recorded.refused += refused
    return recorded


def _products(shop: Shop, conversation: ConversationId, slate_id: SlateId) -> frozenset[str]:
    """Return what a slate showed; nothing if there is no such slate or somebody else saw it."""
    slate = shop.recorder.slate(slate_id)
    if slate is None or slate.conversation_id != conversation:
        return frozenset()
    return frozenset(item.sku for item in slate.items)
