"""`shopguide shopper export|erase|check|consent`: what a shopper can ask for, done by whoever runs the shop."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shopguide.ids import ConversationId, ShopperId

if TYPE_CHECKING:
    from shopguide.guide.proving import Proof
    from shopguide.profiles.consent import Consents, Purpose

Id = Annotated[str, typer.Argument(help="The shopper's id.", metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Report in JSON.")]
PURPOSE_NAMES = "personalisation, analytics"


def add_commands(shopper: typer.Typer) -> None:
    """Add the commands to the group."""
    shopper.command("export")(export)
    shopper.command("erase")(erase)
    shopper.command("check")(check)
    shopper.command("consent")(consent)


def export(
    shopper_id: Id,
    out: Annotated[Path | None, typer.Option(help="Folder for the copy; otherwise SHOPGUIDE_EXPORTS_DIR.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the copy as JSON and write no file.")] = False,
) -> None:
    """Write everything that is kept of a shopper, as JSON and as a page to read."""
    from shopguide.bootstrap import get_shop
    from shopguide.guide.copypage import page

    shop = get_shop()
    copy = shop.copying.copy(ShopperId(shopper_id))
    data = json.dumps(copy, ensure_ascii=False, indent=1)
    if as_json:
        typer.echo(data)
        return
    folder = out or shop.settings.exports_dir
    # Not named by the id: it may hold whatever a file's name must not, and a list of files names nobody.
    name = f"copy-{shop.privacy.digest(ShopperId(shopper_id))[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for end, content in ((".json", data), (".html", page(copy))):
            path = folder / (name + end)
            path.touch(mode=0o600)
            path.write_text(content, encoding="utf-8")
            typer.echo(str(path))
    except OSError as error:
        raise typer.BadParameter(f"{folder}: {error.strerror}", param_hint="--out") from error


def erase(
    shopper_id: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a shopper everywhere, and prove it. Ends with 1 while something still holds one of their ids."""
    from shopguide.bootstrap import get_shop

    shop = get_shop()
    shopper = ShopperId(shopper_id)
    trace = shop.privacy.trace(shopper)
    if not yes:
        kept = shop.privacy.kept(shopper)
        typer.echo(f"{sum(kept.tables.values())} rows and {kept.conversations} conversations will be deleted for good.")
        typer.confirm("Erase this shopper?", abort=True)
    report = shop.erasing.erase(shopper)
    proof = shop.proving.prove(shopper, trace.conversations)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "erased": dict(report.counts),
                    "outbox": report.waiting,
                    "models": report.models,
                    "conversations": len(trace.conversations | trace.shared),
                    "complete": report.complete,
                    "proof": proof.as_json(),
                }
            )
        )
    else:
        for table, count in sorted(report.counts.items()):
            typer.echo(f"{count:>7}  {table}")
        typer.echo(f"{report.waiting:>7}  entries of the outbox")
        typer.echo(f"{report.models:>7}  versions of the recommender forgot them")
        if not report.complete:
            typer.echo("The dialogue server did not answer: it deletes their conversations as soon as it does.")
        _tell(proof)
    if not proof.clean:
        raise typer.Exit(1)


def check(
    shopper_id: Id,
    sender: Annotated[
        list[str] | None, typer.Option(help="A sender id that was theirs; may be given several times.")
    ] = None,
    also_in: Annotated[
        list[Path] | None, typer.Option("--in", help="A further file or folder to look through; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for a shopper's ids everywhere: after an erasure nothing is found. Ends with 1 if something is.

    Of a shopper who is still known the accounts are looked for too; of one who was erased, they have to be given.
    """
    from shopguide.bootstrap import get_shop
    from shopguide.errors import UnknownShopper

    shop = get_shop()
    shopper = ShopperId(shopper_id)
    conversations = {ConversationId(one) for one in sender or ()}
    with suppress(UnknownShopper):  # which is what a check hopes for
        conversations |= shop.privacy.trace(shopper).conversations
    proof = shop.proving.prove(shopper, conversations, also_in or ())
    if as_json:
        typer.echo(json.dumps(proof.as_json()))
    else:
        _tell(proof)
    if not proof.clean:
        raise typer.Exit(1)


def consent(
    shopper_id: Id,
    give: Annotated[
        list[str] | None, typer.Option(help=f"A purpose that they agree to: {PURPOSE_NAMES}; may be repeated.")
    ] = None,
    withdraw: Annotated[list[str] | None, typer.Option(help="A purpose that they refuse; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a shopper agreed to, or keep a decision of theirs that was made elsewhere."""
    from shopguide.bootstrap import get_shop

    shop = get_shop()
    shopper = ShopperId(shopper_id)
    shop.privacy.trace(shopper)
    given, refused = _purposes(give, "--give"), _purposes(withdraw, "--withdraw")
    if both := set(given) & set(refused):
        raise typer.BadParameter(f"{sorted(both)[0]} cannot be given and withdrawn at once", param_hint="--withdraw")
    for purposes, granted in ((given, True), (refused, False)):
        if purposes:
            shop.consenting.decide(shopper, purposes, granted, source="command line")
    held = shop.profiles.consents(shopper)
    if as_json:
        typer.echo(json.dumps({"personalisation": held.personalisation, "analytics": held.analytics}))
    else:
        _tell_consents(held)


def _purposes(names: list[str] | None, option: str) -> "list[Purpose]":
    from shopguide.profiles.consent import PURPOSES

    found: list[Purpose] = [purpose for purpose in PURPOSES if purpose in (names or ())]
    if unknown := sorted(set(names or ()) - set(found)):
        raise typer.BadParameter(f"no purpose {unknown[0]!r}; there are {PURPOSE_NAMES}", param_hint=option)
    return found


def _tell_consents(held: "Consents") -> None:
    words: dict[Any, str] = {True: "yes", False: "no", None: "not asked"}
    typer.echo(f"personalisation  {words[held.personalisation]}")
    typer.echo(f"analytics        {words[held.analytics]}")


def _tell(proof: "Proof") -> None:
    for finding in proof.findings:
        typer.secho(f"found in {finding.place} ({finding.count})", fg=typer.colors.RED)
    for place in proof.unchecked:
        typer.secho(f"not looked at: {place}", fg=typer.colors.YELLOW)
    if proof.short:
        typer.echo(f"{proof.short} ids are too short to be told from words; texts were not searched for them.")
    searched = ", ".join(proof.looked_at)
    typer.echo(f"Nothing holds their ids: {searched}." if proof.clean else f"Looked at {searched}.")
