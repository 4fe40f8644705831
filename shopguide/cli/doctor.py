"""`shopguide doctor`: what is installed, reachable, trained and stale."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from shopguide.errors import ModelNotFound, ShopGuideError
from shopguide.outbox.box import Outbox
from shopguide.settings import Settings, get_settings

if TYPE_CHECKING:
    from shopguide.bootstrap import Shop

State = Literal["ok", "missing", "stale", "broken", "down"]
_MARKS: dict[State, tuple[str, str]] = {
    "ok": ("✓", typer.colors.GREEN),
    "missing": ("✗", typer.colors.RED),
    "stale": ("!", typer.colors.YELLOW),
    "broken": ("✗", typer.colors.RED),
    "down": ("·", typer.colors.YELLOW),
}
_ANSWER_SECONDS = 2.0
_RASA_ENVIRONMENT = Path(".venv-rasa")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `state` is `ok` or what is wrong, `remedy` the command that mends it."""

    name: str
    state: State
    detail: str
    remedy: str = ""


class Doctor:
    """Looks at everything and changes nothing but the schema of a database that is there (it is migrated at first use).

    Args:
        settings: whose shop to look at.
        root: the checkout, for environments and the dialogue model.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings
        self._root = root

    def checks(self) -> Iterator[Check]:
        """Yield every finding; one that fails in an unforeseen way of ours does not stop the others."""
        examinations: dict[str, Callable[[], Check]] = {
            "guide environment": self.guide_environment,
            "dialogue environment": self.dialogue_environment,
            "catalogue": self.catalogue,
            "lexicon": self.lexicon,
            "policies": self.policies,
            "outbox": self.outbox,
            "recommender": self.recommender,
            "reranker": self.reranker,
            "dialogue model": self.dialogue_model,
            "guide server": self.guide_server,
            "dialogue server": self.dialogue_server,
        }
        for name, examine in examinations.items():
            try:
                yield examine()
            except ShopGuideError as error:
                yield Check(name, "broken", str(error))

    @cached_property
    def _shop(self) -> "Shop":
        from shopguide.bootstrap import Shop

        return Shop(self._settings)

    @cached_property
    def _has_database(self) -> bool:
        """Whether there is anything to look into: a SQLite file that is not there is not created by a look."""
        scheme, _, path = self._settings.database_url.partition(":///")
        return not scheme.startswith("sqlite") or path in ("", ":memory:") or Path(path).exists()

    def guide_environment(self) -> Check:
        """Compare what is installed here with what the project asks for."""
        from packaging.requirements import Requirement

        name, wrong = "guide environment", []
        requirements = (Requirement(line) for line in metadata.requires("shopguide") or ())
        for requirement in requirements:
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            try:
                version = metadata.version(requirement.name)
            except metadata.PackageNotFoundError:
                wrong.append(f"{requirement.name} is missing")
            else:
                if not requirement.specifier.contains(version, prereleases=True):
                    wrong.append(f"{requirement.name} is {version}, not {requirement.specifier}")
        if wrong:
            return Check(name, "broken", "; ".join(wrong), "make setup")
        python = ".".join(map(str, sys.version_info[:3]))
        return Check(name, "ok", f"Python {python}, torch {metadata.version('torch')}")

    def dialogue_environment(self) -> Check:
        """Look for Rasa's environment beside this one."""
        name = "dialogue environment"
        libraries = sorted((self._root / _RASA_ENVIRONMENT).glob("lib/python3.*/site-packages"))
        installed = {dist.name: dist.version for dist in metadata.distributions(path=[str(path) for path in libraries])}
        if "rasa" not in installed:
            return Check(name, "missing", f"no Rasa in {_RASA_ENVIRONMENT}", "make setup")
        return Check(name, "ok", f"{libraries[0].parent.name}, Rasa {installed['rasa']}")

    @cached_property
    def catalogue_digest(self) -> str:
        """The digest of the catalogue; empty if there is none."""
        return self._shop.products.digest() if self._has_database else ""

    def catalogue(self) -> Check:
        """Count the products."""
        remedy = "shopguide import catalogue FILE --mapping MAPPING.yml"
        count = self._shop.products.count() if self._has_database else 0
        if not count:
            return Check("catalogue", "missing", "no products", remedy)
        return Check("catalogue", "ok", f"{count:,} products, revision {self._shop.products.revision()}")

    def lexicon(self) -> Check:
        """Compare the lexicon's source with the catalogue."""
        from lexicon.entries import LexiconError, read

        name, path, remedy = "lexicon", self._settings.lexicon_path, "shopguide lexicon export"
        if not path.exists():
            return Check(name, "missing", f"no {path}", remedy)
        try:
            lexicon = read(path)
        except LexiconError as error:
            return Check(name, "broken", f"{error} (a dialogue server that runs keeps its last good one)", remedy)
        if lexicon.source != self.catalogue_digest:
            return Check(name, "stale", f"{path} was written from another catalogue", remedy)
        return Check(name, "ok", f"{len(lexicon.values):,} values, digest {lexicon.digest[:8]}")

    def policies(self) -> Check:
        """Read the shop's policy documents."""
        from shopguide.conversation.answering.policies import read_folder

        name, folder = "policies", self._settings.policies
        if not folder:
            return Check(name, "ok", "none named: questions about the shop are referred to its staff")
        found = read_folder(Path(folder))
        if found.problems:
            return Check(name, "broken", "; ".join(found.problems), "mend the files; the others are used")
        if not found.paragraphs:
            return Check(name, "missing", f"no *.md in {folder}", "SHOPGUIDE_POLICIES")
        documents = len({paragraph.topic for paragraph in found.paragraphs})
        return Check(name, "ok", f"{documents} documents, {len(found.paragraphs)} paragraphs")

    def outbox(self) -> Check:
        """Look for writes that wait for the database."""
        outbox = Outbox(self._settings.outbox_path)
        waiting, set_aside = outbox.waiting(), outbox.set_aside()
        if set_aside:
            return Check(
                "outbox", "broken", f"{set_aside:,} of {waiting:,} writes cannot be written", "the guide server's log"
            )
        if waiting:
            return Check("outbox", "stale", f"{waiting:,} writes wait for the database", "shopguide serve")
        return Check("outbox", "ok", "nothing waits")

    def recommender(self) -> Check:
        """Compare the candidate generators with the catalogue and the events."""
        check, section = self._trained("recommender", ("candidates",))
        if check.state == "ok" and self._shop.feedback.digest() != section["data"]["events"]:
            return replace(check, detail=f"{check.detail}; new events since (shopguide train learns from them)")
        return check

    def reranker(self) -> Check:
        """Compare the reranker and the product vectors with the catalogue."""
        return self._trained("reranker", ("vectors", "reranker"))[0]

    def _trained(self, name: str, parts: tuple[str, ...]) -> tuple[Check, Mapping[str, Any]]:
        from shopguide.recommender.artefacts import ModelFolder

        remedy = f"shopguide train --only {parts[-1]}"
        try:
            version = ModelFolder(self._settings.models_dir / "recommender").current()
            version.verify(parts)
            sections = [version.part(part) for part in parts]
        except ModelNotFound as error:
            return Check(name, "missing", str(error), remedy), {}
        if any(section["data"]["catalogue"] != self.catalogue_digest for section in sections):
            return Check(name, "stale", f"version {version.name} was trained on another catalogue", remedy), {}
        return Check(name, "ok", f"version {version.name}"), sections[-1]

    def dialogue_model(self) -> Check:
        """Compare the files that the dialogue model was trained from with what they are now."""
        name, remedy = "dialogue model", "make run"
        folder = self._root / "models"
        if not any(folder.glob("*.tar.gz")):
            return Check(name, "missing", f"no *.tar.gz in {folder.name}/", remedy)
        try:
            trained_from = json.loads((folder / "dialogue.json").read_text("utf-8"))["files"]
        except (OSError, ValueError, KeyError):
            return Check(name, "ok", "trained by hand (what from is not noted)")
        changed = [file for file, digest in trained_from.items() if _digest(self._root / file) != digest]
        known = {self._root / file for file in trained_from}
        changed += [str(file.relative_to(self._root)) for file in self._training_data() if file not in known]
        if changed:
            return Check(name, "stale", f"changed since: {', '.join(changed[:3])}{' …' * (len(changed) > 3)}", remedy)
        return Check(name, "ok", f"trained from the present {len(trained_from)} files")

    def _training_data(self) -> Iterator[Path]:
        yield from (self._root / "data").rglob("*.yml")

    def guide_server(self) -> Check:
        """Ask the guide server whether it is ready."""
        host = self._settings.host if self._settings.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        return _asked("guide server", f"http://{host}:{self._settings.port}/readyz")

    def dialogue_server(self) -> Check:
        """Ask the dialogue server whether it is there."""
        return _asked("dialogue server", self._settings.rasa_url)

    def report(self, checks: Iterable[Check]) -> dict[str, Any]:
        """Return the findings for programs, with the addresses and the catalogue that they are about."""
        return {
            "settings": self._settings.model_dump(include={"host", "port", "rasa_url", "environment"}),
            "catalogue_digest": self.catalogue_digest,
            "checks": [asdict(check) for check in checks],
        }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _asked(name: str, url: str) -> Check:
    import httpx

    try:
        # The servers are neighbours: no proxy of the environment stands between.
        response = httpx.get(url, timeout=_ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        return Check(name, "down", f"{url}: {str(error) or type(error).__name__}", "make run")
    if response.is_success:
        return Check(name, "ok", url)
    return Check(name, "down", f"{url} answers {response.status_code}", "make run")


def register(root: typer.Typer, imports: typer.Typer) -> None:
    """Add the command."""
    root.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Report in JSON.")] = False,
    fail: Annotated[bool, typer.Option(help="Exit with 1 if anything is not in order.")] = True,
) -> None:
    """Tell what is installed, reachable, trained and stale, and how to mend it."""
    settings = get_settings()
    examiner = Doctor(settings, Path.cwd())
    checks = list(examiner.checks())
    if as_json:
        typer.echo(json.dumps(examiner.report(checks), ensure_ascii=False))
    else:
        _print(checks)
    if fail and any(check.state != "ok" for check in checks):
        raise typer.Exit(1)


def _print(checks: Iterable[Check]) -> None:
    for check in checks:
        mark, colour = _MARKS[check.state]
        remedy = f"  → {check.remedy}" if check.remedy and check.state != "ok" else ""
        state = "" if check.state == "ok" else f"{check.state}: "
        typer.secho(f"{mark} ", fg=colour, nl=False)
        typer.echo(f"{check.name:<21} {state}{check.detail}{remedy}")
