"""`shopguide evaluate nlu FILE`, `shopguide evaluate personalisation` and `shopguide evaluate recommender`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shopguide.cli.evaluate_dialogue import dialogue
from shopguide.cli.evaluate_recommender import recommender
from shopguide.cli.evaluate_reranker import reranker
from shopguide.cli.output import check_writable, write, write_report

if TYPE_CHECKING:
    from shopguide.evaluation.parsing import DialogueParser

WINDOWS = 3
"""As in `shopguide.evaluation.personalisation.report`, which is not imported to show the help; a test compares them."""


class Noise(StrEnum):
    """The kinds of `shopguide.evaluation.noise`, which is not imported to show the help; a test compares them."""

    TYPOS = "typos"
    MISSPELT = "misspelt"
    DROPOUT = "dropout"
    UNPUNCTUATED = "unpunctuated"
    HOMOPHONES = "homophones"
    FILLERS = "fillers"
    ASR = "asr"


class Split(StrEnum):
    """What is predicted: the latest stretches of time, or each shopper's own last choices."""

    TIME = "time"
    SHOPPER = "shopper"


TOKEN_OF_MAKE_RUN = Path(".run/auth-token")


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the commands."""
    evaluate = typer.Typer(help="Measure the parts on held-out files.", no_args_is_help=True)
    evaluate.command("nlu")(nlu)
    evaluate.command("personalisation")(personalisation)
    evaluate.command("recommender")(recommender)
    evaluate.command("reranker")(reranker)
    evaluate.command("dialogue")(dialogue)
    root.add_typer(evaluate, name="evaluate")


def nlu(
    file: Annotated[Path, typer.Argument(help="Annotated utterances, JSON Lines; docs/evaluation.md has the format.")],
    *,
    rasa_url: Annotated[
        list[str] | None,
        typer.Option(
            help="A dialogue server; default: SHOPGUIDE_RASA_URL. As CATALOGUE=URL, once for each catalogue, it gets "
            "the lines of that catalogue; lines of none (G) are put to each in turn.",
            metavar="[CATALOGUE=]URL",
        ),
    ] = None,
    token: Annotated[
        str, typer.Option(help="Of the server's HTTP API; default: .run/auth-token if the server is ours.")
    ] = "",
    catalogue: Annotated[
        list[str] | None, typer.Option(help="Only lines of this catalogue. Repeatable.", metavar="F|E|G|…")
    ] = None,
    noise: Annotated[
        list[Noise] | None,
        typer.Option(
            help="Score the lines once more through a noise; docs/evaluation.md tells what each does. Repeatable.",
            case_sensitive=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report here in JSON; - is standard output.", metavar="OUT")
    ] = None,
    confusion: Annotated[
        Path | None, typer.Option(help="Write a picture of the confusion table here.", metavar="OUT.svg")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Show what refusing sooner or later would gain and cost.")
    ] = False,
    worst: Annotated[int, typer.Option(help="Mistakes of each kind that are shown.", min=0)] = 10,
) -> None:
    """Score what a running dialogue server understands: intents, entities, refusals, confidence."""
    from shopguide.evaluation.nlu import Noised, listen, report
    from shopguide.evaluation.noise import noisy
    from shopguide.evaluation.picture import confusion_svg
    from shopguide.evaluation.utterances import read_utterances

    if confusion and confusion.suffix != ".svg":
        raise typer.BadParameter(f"{confusion} does not end in .svg", param_hint="--confusion")
    for option, path in (("--json", json_out), ("--confusion", confusion)):
        check_writable(path, option)
    utterances = read_utterances(file, catalogue or ())
    with ExitStack() as stack:
        servers = {name: stack.enter_context(server) for name, server in _servers(rasa_url or [], token).items()}
        kinds = [kind.value for kind in noise or ()]
        with _progress(len(utterances) * (1 + len(kinds))) as advance:
            heard = listen(utterances, servers, advance)
            noised = [
                Noised(kind, seed, listen([noisy(line, kind, seed) for line in utterances], servers, advance))
                for kind in kinds
            ]
    found = report(file, heard, noised)
    if confusion:
        table = found["confusion"]
        title = f"{file.name}: rows are meant, columns answered"
        write(confusion, confusion_svg(table["labels"], table["counts"], title), "--confusion")
    if not write_report(found, json_out):
        return
    from shopguide.cli.terminal.scores import show_understanding

    show_understanding(found, worst, curve=curve)


def personalisation(
    dataset: Annotated[
        Path, typer.Option(help="A folder of behaviour; docs/evaluation.md has the layouts.", file_okay=False)
    ],
    *,
    split: Annotated[
        Split, typer.Option(help="Predict the latest stretches of time, or each shopper's own last choices.")
    ] = Split.TIME,
    windows: Annotated[
        int, typer.Option(help="By time: stretches of a tenth of the events, the latest ones.", min=1)
    ] = WINDOWS,
    skip: Annotated[
        int,
        typer.Option(
            help="By time: stretches at the end to leave untouched, for whoever wants to try something.", min=0
        ),
    ] = 0,
    validation: Annotated[
        bool,
        typer.Option(
            "--validation",
            help="By shopper: predict the tenth before the last choices, for whoever wants to try something.",
        ),
    ] = False,
    top: Annotated[int, typer.Option(help="Candidates: so many popular products, and once more all.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Draws whose profile is somebody else's.")] = 0,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the report here in JSON; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Compare ranking with a shopper's own profile, with none and with somebody else's, on what they chose later."""
    from shopguide.cli.train import progress_bar
    from shopguide.evaluation.datasets.loader import read_behaviour
    from shopguide.evaluation.personalisation.report import report, report_by_shopper

    check_writable(json_out, "--json")
    if split is Split.SHOPPER and (windows, skip) != (WINDOWS, 0):
        raise typer.BadParameter("--windows and --skip are for --split time", param_hint="--split")
    if split is Split.TIME and validation:
        raise typer.BadParameter("only for --split shopper; by time there is --skip", param_hint="--validation")
    if (windows + skip) * 0.1 >= 1:
        raise typer.BadParameter("nine windows at most: something has to come before them", param_hint="--windows")
    with progress_bar() as progress:
        progress("reading", 0.0)
        behaviour = read_behaviour(dataset)
        if split is Split.SHOPPER:
            found = report_by_shopper(behaviour, validation=validation, top=top, seed=seed, progress=progress)
        else:
            found = report(behaviour, windows=windows, skip=skip, top=top, seed=seed, progress=progress)
    if not write_report(found, json_out):
        return
    from shopguide.cli.terminal.profiles import show_personalisation

    show_personalisation(found)


def _servers(addresses: Sequence[str], token: str) -> "dict[str, DialogueParser]":
    """Return the servers by the catalogue that they have loaded.

    Raises:
        typer.BadParameter: two of them are for the same lines.
    """
    from shopguide.evaluation.nlu import ANY_CATALOGUE
    from shopguide.evaluation.parsing import DialogueParser
    from shopguide.settings import get_settings

    if not addresses:
        return {ANY_CATALOGUE: DialogueParser(get_settings().rasa_url, token or _token_of_make_run())}
    found: dict[str, DialogueParser] = {}
    for address in addresses:
        name, equals, url = address.partition("=")
        if not equals or "/" in name:
            name, url = ANY_CATALOGUE, address
        if name in found or (found and ANY_CATALOGUE in (name, *found)):
            raise typer.BadParameter("name each server's catalogue, once: F=URL", param_hint="--rasa-url")
        found[name] = DialogueParser(url, token)
    return found


def _token_of_make_run() -> str:
    try:
        return TOKEN_OF_MAKE_RUN.read_text("utf-8").strip()
    except OSError:
        return ""


@contextmanager
def _progress(lines: int) -> "Iterator[Any]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    # On stderr, so that the report on stdout can be piped; silent where nobody watches.
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("utterances", total=lines)
        yield lambda: bar.advance(task)
