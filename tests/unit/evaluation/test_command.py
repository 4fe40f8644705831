"""`shopguide evaluate nlu`, as an operator sees it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from shopguide.cli import build_app, main
from tests.unit.evaluation.fakes import TOKEN, FakeDialogue, entity, said

TEXT = "a red [bold]hat[/bold]"
RED = entity(TEXT, "red", "colour", "red")
LINES: list[dict[str, Any]] = [
    {"id": "1", "text": TEXT, "intent": "search_products", "entities": [RED], "catalogue": "F"},
    {"id": "2", "text": "hey", "intent": "greet", "entities": [], "catalogue": "G"},
    {"id": "3", "text": "weather?", "intent": "out_of_scope", "entities": [], "catalogue": "G"},
    {"id": "4", "text": "[red]yo", "intent": "greet", "entities": [], "catalogue": "G"},
]


@contextmanager
def serving(fake: FakeDialogue) -> Iterator[str]:
    """Let the fake answer on a port of this machine; the command has no other way to reach it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            url = f"http://dialogue{self.path}"
            answer = fake(httpx.Request(self.command, url, content=self.rfile.read(length)))
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def address() -> Iterator[str]:
    answers = {
        TEXT: said("search_products", 0.8, RED),
        "hey": said("greet", 0.9),
        "[red]yo": said("chitchat/joke", 0.7),
    }
    with serving(FakeDialogue(answers)) as url:
        yield url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(map(json.dumps, LINES)))
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["evaluate", "nlu", *map(str, arguments)])
    return result.exit_code, result.output


def test_reports_in_words_in_json_and_as_a_picture(address: str, file: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "out.json", tmp_path / "confusion.svg"
    code, said_ = run(file, "--rasa-url", address, "--token", TOKEN, "--json", out, "--confusion", picture)
    assert code == 0
    assert "intent accuracy" in said_
    assert "75.0 (" in said_
    assert "[red]yo" in said_  # shoppers' text is no markup
    report = json.loads(out.read_text())
    assert report["dataset"] == "lines.jsonl"
    assert report["models"][0]["intent_accuracy"] == 0.75
    assert len(report["models"][0]["ci"]["intent_accuracy"]) == 2
    assert report["mistakes"]["intents"][0]["got"] == "chitchat/joke"
    assert picture.read_text().startswith("<svg")


def test_json_alone_on_standard_output_and_only_the_lines_asked_for(address: str, file: Path) -> None:
    code, out = run(file, "--rasa-url", address, "--token", TOKEN, "--json", "-", "--catalogue", "F")
    assert code == 0
    report = json.loads(out)
    assert (report["split"], report["models"][0]["lines"]) == ("F", 1)


def test_clean_and_noisy_in_one_report(address: str, file: Path) -> None:
    arguments = ["--noise", "typos", "--noise", "asr", "--rasa-url", address, "--token", TOKEN]
    code, out = run(file, *arguments, "--json", "-")
    assert code == 0
    report = json.loads(out)
    names = ["intents", "intents, typos", "intents, asr", "entities", "entities, typos", "entities, asr"]
    assert [row["model"] for row in report["models"]] == names
    assert [noise["kind"] for noise in report["noise"]] == ["typos", "asr"]
    code, out = run(file, *arguments)
    assert code == 0
    assert "What noise costs" in out


def test_the_curve_of_refusal_is_shown_on_request_and_always_in_json(address: str, file: Path) -> None:
    arguments = (file, "--rasa-url", address, "--token", TOKEN)
    code, short = run(*arguments)
    assert code == 0
    code, long = run(*arguments, "--curve")
    assert code == 0
    assert "Refusing" not in short
    assert "Refusing by nats" in long
    assert "Refusing below a confidence" in long
    assert "│ +0.25 │ 100" in " ".join(long.split())
    code, out = run(*arguments, "--json", "-")
    assert code == 0
    rejection = json.loads(out)["rejection"]
    assert [point["shift"] for point in rejection["shifts"]][::6] == [-1, 0.5, 2]
    # "[red]yo", for which 0.7 was said, is taken for chitchat at any of them
    assert rejection["thresholds"][-1] == {
        "threshold": 0.6,
        "oos_recall": 1.0,
        "false_rejection": 0.0,
        "intent_accuracy": 0.75,
    }


def test_a_server_for_each_catalogue(address: str, file: Path) -> None:
    code, out = run(file, "--rasa-url", f"F={address}", "--rasa-url", f"E={address}", "--token", TOKEN, "--json", "-")
    assert code == 0
    assert json.loads(out)["latency_ms"]["messages"] == 1 + 3 * 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--confusion", "c.png"], "does not end in .svg"),
        (["--json", "no/such/folder/out.json"], "cannot write to"),
        (["--rasa-url", "http://a", "--rasa-url", "http://b"], "name each server's catalogue"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(file: Path, arguments: list[str], why: str) -> None:
    code, out = run(file, *arguments)
    assert code == 2
    assert why in " ".join(out.replace("│", " ").split())


@pytest.mark.parametrize(("token", "why"), [("", "asks for a token"), ("wrong", "refuses this token")])
def test_a_wrong_token_is_one_clear_line(
    address: str,
    file: Path,
    *,
    token: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["shopguide", "evaluate", "nlu", str(file), "--rasa-url", address, "--token", token]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert why in told
