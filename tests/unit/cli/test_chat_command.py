"""`shopguide chat` as a command, against a small dialogue server on this machine."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from shopguide.cli.terminal.dialogue import DialogueServer, TurnTimedOut
from shopguide.errors import DialogueServerUnavailable


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"status": "ok"} if self.path == "/webhooks/rest/" else {}, 200 if "rest" in self.path else 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        button = {"title": "Cheaper", "payload": "/critique_slate"}
        self._answer([{"recipient_id": body["sender"], "text": f"You said {body['message']}", "buttons": [button]}])

    def _answer(self, body: object, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def echo_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run_chat(*arguments: str, typed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from shopguide.cli import main; main()", "chat", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


def test_a_script_talks_through_a_pipe(echo_url: str, tmp_path: Path) -> None:
    file = tmp_path / "talk.md"
    ran = run_chat("--rasa-url", echo_url, "--transcript", str(file), typed="a blue mug\nb1\n/quit\nnot this\n")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.index("you> a blue mug") < ran.stdout.index("You said a blue mug")
    assert "You said /critique_slate" in ran.stdout
    assert "not this" not in ran.stdout
    assert "\x1b" not in ran.stdout, "a pipe gets plain text"
    assert "**Guide:** You said a blue mug" in file.read_text("utf-8")


def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    ran = run_chat("--rasa-url", "http://127.0.0.1:9", "--wait", "0", typed="hi\n")
    assert ran.returncode == 1
    assert "does not answer" in ran.stderr and "make run" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_transcript_that_cannot_be_written_is_wrong_usage(echo_url: str, tmp_path: Path) -> None:
    ran = run_chat("--rasa-url", echo_url, "--transcript", str(tmp_path), typed="hi\n")
    assert ran.returncode == 2
    assert "--transcript" in ran.stderr and "Traceback" not in ran.stderr


def server_with(handler: object) -> DialogueServer:
    return DialogueServer("http://rasa.example", transport=httpx.MockTransport(handler))  # type: ignore[arg-type]


def test_text_and_payload_of_one_reply_are_read_together() -> None:
    custom = {"type": "slate", "items": [], "suggestions": [{"title": "More", "payload": "/show_more"}, {"title": "?"}]}
    message = {"recipient_id": "me", "text": "Here.", "custom": custom, "buttons": [{"title": "A", "payload": "/a"}]}
    server = server_with(lambda request: httpx.Response(200, json=[message, {"recipient_id": "me", "text": "And."}]))
    first, second = server.send("me", "hi")
    assert (first.text, second.text) == ("Here.", "And.")
    assert first.custom == custom
    assert [(choice.title, choice.payload) for choice in first.choices] == [("A", "/a"), ("More", "/show_more")]


@pytest.mark.parametrize(
    "response",
    [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.Response(200, json={"status": "failure"})],
    ids=["error", "html", "no list"],
)
def test_an_answer_that_is_none_is_told(response: httpx.Response) -> None:
    with pytest.raises(DialogueServerUnavailable):
        server_with(lambda request: response).send("me", "hi")


def test_a_turn_may_time_out() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(TurnTimedOut):
        server_with(slow).send("me", "hi")


def test_readiness_is_waited_for_and_told_once() -> None:
    answers = iter([503, 503, 200])
    told: list[str] = []
    server = server_with(lambda request: httpx.Response(next(answers)))
    server.await_ready(60, on_wait=lambda: told.append("waiting"), sleep=lambda _: None)
    assert told == ["waiting"]


def test_something_else_at_the_address_is_told_at_once() -> None:
    with pytest.raises(DialogueServerUnavailable, match="no REST channel"):
        server_with(lambda request: httpx.Response(404)).await_ready(60, sleep=lambda _: None)
