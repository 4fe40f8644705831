"""The channels of this release: REST and Socket.IO, on top of Rasa's own.

Both send `custom` payloads whole and beside their text, never end a turn in silence (`replies.py`), and let nobody
speak in another shopper's conversation.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import Any

import jwt
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, OutputChannel, UserMessage
from rasa.core.channels.rest import QueueOutputChannel, RestInput
from rasa.core.channels.socketio import SocketIOInput, SocketIOOutput
from sanic import Blueprint, Sanic
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError as Refused

from rasa_addons.discreet_logs import keep_logs_discreet
from rasa_addons.replies import OnMessage, answered, shorten_action_timeout
from rasa_addons.settings import Settings, read_settings

logger = logging.getLogger(__name__)

WEB_PREFIX = "web-"
"""Of conversations on the web page: theirs are signed, so no other channel may name one."""

_MOST_SENDER_CHARACTERS = 255  # the tracker store's column
_CLOCK_SECONDS = 30  # by which the clocks of two servers may differ


class IdentityError(Exception):
    """A chat identity is missing or not signed by this shop; the message is for the client's developer."""


def whole_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return a reply as one object: text, buttons, custom, image and attachment that it has, nothing else."""
    buttons = [*(message.get("buttons") or []), *(message.get("quick_replies") or [])]
    parts = {key: message.get(key) for key in ("text", "custom", "image", "attachment", "elements")}
    return {key: value for key, value in {**parts, "buttons": buttons}.items() if value}


class AttachedInput(InputChannel):
    """A channel that knows the server it is attached to."""

    _app: Sanic | None = None

    def _agent(self) -> Any:
        return getattr(self._app.ctx, "agent", None) if self._app is not None else None

    def _attach(self, blueprint: Blueprint, settings: Settings) -> Blueprint:
        """Learn the application when it starts; from then on its agent calls the configured guide server."""
        shorten_action_timeout()

        async def learn(app: Sanic, _loop: Any) -> None:
            self._app = app
            if not settings.quote_in_logs:
                keep_logs_discreet()  # not before: what is said of a model that cannot be loaded is needed whole
            endpoint = getattr(self._agent(), "action_endpoint", None)
            if settings.action_url and endpoint is not None:
                endpoint.url = settings.action_url

        blueprint.listener("after_server_start")(learn)
        return blueprint


class RestOutput(CollectingOutputChannel):
    """Collects replies for one HTTP answer; text and `custom` of a reply stay together."""

    @classmethod
    def name(cls) -> str:
        """Return the channel's name."""
        return "rest"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Collect one reply."""
        if whole := whole_message(message):
            await self._persist_message({"recipient_id": recipient_id, **whole})


class RestStreamOutput(QueueOutputChannel):
    """The same for `?stream=true`."""

    @classmethod
    def name(cls) -> str:
        """Return the channel's name."""
        return "rest"

    send_response = RestOutput.send_response


class GuideRestInput(RestInput, AttachedInput):
    """`POST /webhooks/rest/webhook` with `{"sender": …, "message": …}`; answers a list of replies."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings from the environment unless they are given."""
        self._settings = settings or read_settings()

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return Rasa's routes with guarded replies."""
        guarded = answered(on_new_message, self._agent)

        async def collect_whole(message: UserMessage) -> None:
            stock = message.output_channel
            stream = isinstance(stock, QueueOutputChannel)
            output: CollectingOutputChannel = RestStreamOutput(stock.messages) if stream else RestOutput()
            if not stream:
                output.messages = stock.messages
            message.output_channel = output
            await guarded(message)

        return self._attach(super().blueprint(collect_whole), self._settings)

    def _extract_message(self, req: Request) -> str | None:
        body = req.json
        text = body.get("message") if isinstance(body, dict) else None
        if not isinstance(text, str):
            raise InvalidUsage("The body is a JSON object with a text in 'message'")
        return text

    async def _extract_sender(self, req: Request) -> str | None:
        sender = req.json.get("sender") if isinstance(req.json, dict) else None
        if sender is None:
            return f"rest-{secrets.token_hex(16)}"  # Rasa's "default" would be one conversation for everybody
        if not isinstance(sender, str | int) or not 0 < len(str(sender)) <= _MOST_SENDER_CHARACTERS:
            raise InvalidUsage(f"'sender' is a text of at most {_MOST_SENDER_CHARACTERS} characters")
        if str(sender).startswith(WEB_PREFIX):
            raise InvalidUsage(f"Conversations named '{WEB_PREFIX}…' belong to the web page and are signed")
        return str(sender)

    def _extract_input_channel(self, req: Request) -> str:
        return self.name()  # the body does not choose: with the sender it makes the identity

    def get_metadata(self, request: Request) -> dict[str, Any] | None:
        """Return the metadata of the body if it is an object."""
        metadata = request.json.get("metadata") if isinstance(request.json, dict) else None
        return metadata if isinstance(metadata, dict) else None


class GuideSocketIOOutput(SocketIOOutput):
    """Sends each reply as one event: `{"text", "buttons", "custom", …}`."""

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one reply to every page that has the conversation open."""
        if whole := whole_message(message):
            await self._send_message(recipient_id, whole)

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **kwargs: Any) -> None:
        """Send a payload; Rasa's own spreads it over the arguments of `emit` and fails at `type`."""
        await self._send_message(recipient_id, {"custom": json_message})


def verified_sender(token: Any, settings: Settings) -> str:
    """Return the conversation that a token proves, or a fresh one for no token in development.

    Raises:
        IdentityError: no token in production, or one that is malformed, expired or signed by somebody else.
    """
    if token is None or token == "":
        if settings.production:
            raise IdentityError("A chat token is needed; ask the guide server for one at POST /v1/chat/token")
        return WEB_PREFIX + secrets.token_hex(16)
    try:
        claims = jwt.decode(
            str(token),
            settings.chat_secret,
            algorithms=["HS256"],
            leeway=_CLOCK_SECONDS,
            options={"require": ["exp", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise IdentityError("The chat token has expired; ask the guide server for a new one") from error
    except jwt.InvalidTokenError as error:
        raise IdentityError("The chat token is not valid") from error
    sender = claims["sub"]
    if not isinstance(sender, str) or not sender.startswith(WEB_PREFIX) or len(sender) > _MOST_SENDER_CHARACTERS:
        raise IdentityError("The chat token names no web conversation")
    return sender


class GuideSocketIOInput(SocketIOInput, AttachedInput):
    """Socket.IO with a proven identity.

    The client connects with `auth: {token}`. A refused client gets `connect_error` with the reason; an accepted one may
    send `session_request` and gets `session_confirm` with its conversation, whatever it asked for.
    """

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuideSocketIOInput:
        """Create the channel from credentials.yml; the secret comes from the settings, not from that file."""
        credentials = credentials or {}
        return cls(socketio_path=credentials.get("socketio_path", "/socket.io"))

    def __init__(self, settings: Settings | None = None, socketio_path: str = "/socket.io") -> None:
        """Take the settings from the environment unless they are given."""
        super().__init__(session_persistence=True, socketio_path=socketio_path)
        self._settings = settings or read_settings()

    def get_output_channel(self) -> OutputChannel | None:
        """Return a channel that reaches the pages connected to this process."""
        return GuideSocketIOOutput(self.sio, self.bot_message_evt) if self.sio is not None else None

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return Rasa's blueprint with our handlers in the place of those that believe the client."""
        blueprint = super().blueprint(on_new_message)
        sio = self.sio
        assert sio is not None  # noqa: S101  (Rasa sets it in `blueprint`)
        guarded = answered(on_new_message, self._agent)

        async def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
            try:
                sender = verified_sender(auth.get("token") if isinstance(auth, dict) else None, self._settings)
            except IdentityError as error:
                logger.info("A chat client was refused: %s", error)
                raise Refused(str(error)) from error
            await sio.save_session(sid, {"sender": sender})
            sio.enter_room(sid, sender)

        async def session_request(sid: str, data: Any = None) -> None:
            await sio.emit("session_confirm", (await sio.get_session(sid))["sender"], room=sid)

        async def user_message(sid: str, data: Any = None) -> None:
            await self._receive(sio, sid, data, guarded)

        for event, handler in (
            ("connect", connect),
            ("session_request", session_request),
            (self.user_message_evt, user_message),
        ):
            sio.on(event, handler, namespace=self.namespace)
        return self._attach(blueprint, self._settings)

    async def _receive(self, sio: AsyncServer, sid: str, data: Any, on_message: OnMessage) -> None:
        text = data.get("message") if isinstance(data, dict) else None
        if not isinstance(text, str):
            await sio.emit("message_refused", {"why": "an object with a text in 'message' is expected"}, room=sid)
            return
        metadata = data.get(self.metadata_key)
        if isinstance(metadata, str):
            try:
                metadata = json.loads(metadata)
            except ValueError:
                metadata = None
        await on_message(
            UserMessage(
                text,
                GuideSocketIOOutput(sio, self.bot_message_evt),
                (await sio.get_session(sid))["sender"],
                input_channel=self.name(),
                metadata=metadata if isinstance(metadata, dict) else {},
            )
        )
