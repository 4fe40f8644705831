"""How simulated shoppers put an act into words: a file of phrasings with placeholders, by act."""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shopguide.errors import UnreadableFile

NEEDED_ACTS = (
    "open_need", "inform_value", "inform_price_max", "inform_price_around", "dont_know", "correct_value",
    "critique_cheaper", "critique_dearer", "critique_facet_up", "critique_facet_down", "critique_swap_value",
    "show_more", "dont_care",
)  # fmt: skip
"""Acts that a shopper may need at any moment; a file has more."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Phrase(BaseModel):
    """One phrasing: `needs` are the placeholders of `text`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    style: str
    needs: tuple[str, ...] = ()


class Phrasebook:
    """The phrasings of every act.

    Args:
        acts: act → its phrasings.
    """

    def __init__(self, acts: Mapping[str, Sequence[Phrase]]) -> None:
        self._acts = acts
        self.styles = tuple(sorted({phrase.style for phrases in acts.values() for phrase in phrases}))

    def has(self, act: str, values: Collection[str] = (), *, must: Collection[str] = ()) -> bool:
        """Return whether there is a phrasing with all of `must` and nothing besides `values`."""
        return bool(self._fitting(act, values, must))

    def say(
        self,
        act: str,
        values: Mapping[str, str],
        source: random.Random,
        *,
        must: Collection[str] = (),
        styles: Collection[str] = (),
    ) -> str:
        """Return a phrasing of an act, filled in.

        Args:
            act: what is said.
            values: placeholder → text.
            source: draws the phrasing.
            must: placeholders that the phrasing has to have.
            styles: of these, if there is one that fits.

        Raises:
            KeyError: no phrasing fits; ask `has` first.
        """
        fitting = self._fitting(act, values, must)
        if not fitting:
            raise KeyError(f"{act} with {sorted(values)}")
        own = [phrase for phrase in fitting if phrase.style in styles]
        text = source.choice(own or fitting).text
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

    def _fitting(self, act: str, values: Collection[str], must: Collection[str]) -> list[Phrase]:
        return [
            phrase
            for phrase in self._acts.get(act, ())
            if set(phrase.needs) <= {*values} and set(must) <= {*phrase.needs}
        ]


def read_phrases(path: Path) -> Phrasebook:
    """Read a file: YAML, a list of phrases for each act.

    Raises:
        UnreadableFile: the file cannot be read, a phrase is malformed or an act is missing; the message names it.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        acts = TypeAdapter(dict[str, list[Phrase]]).validate_python(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableFile(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadableFile(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    for act, phrases in acts.items():
        for place, phrase in enumerate(phrases, 1):
            if set(_PLACEHOLDER.findall(phrase.text)) != set(phrase.needs):
                raise UnreadableFile(f"{path}: {act}, phrase {place}: its placeholders are not those it needs")
    missing = [act for act in NEEDED_ACTS if not acts.get(act)]
    if missing:
        raise UnreadableFile(f"{path}: no phrases for {', '.join(missing)}")
    return Phrasebook(acts)
