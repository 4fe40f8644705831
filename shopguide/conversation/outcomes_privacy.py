"""What the use cases around a shopper's own data come to, free of wording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shopguide.ids import ShopperId
from shopguide.profiles.consent import Consents, Purpose
from shopguide.profiles.preferences import Overruled, Source


@dataclass(frozen=True, slots=True)
class Origin:
    """One way in which something became known: from which source, how often, when last, and on which channel.

    `channel` is `None` where it was not a conversation (the shop's pages, an import) or the account is not known.
    """

    source: Source
    count: int
    latest: datetime
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class KnownValue:
    """What is known about one facet value, and where from; `origins` has the latest first.

    Args:
        facet: the facet.
        value: the folded value, or a bound with its operator ("<=80").
        weight: between -1 (away from it) and 1 (towards it).
        category: the kind of product that it is about, where it is about one.
        since: when it was first said or shown.
        latest: when it was last.
        origins: where it comes from.
        overruled: what was said of it before and no longer holds, the latest first.
    """

    facet: str
    value: str
    weight: float
    since: datetime
    latest: datetime
    origins: tuple[Origin, ...] = ()
    category: str | None = None
    overruled: tuple[Overruled, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the shop knows of a shopper, for their own eyes.

    Args:
        shopper_id: who it is; `None` if nobody can tell.
        since: since when they are known.
        channels: the channels that they write from.
        consents: what they agreed to.
        tastes: values that they lean to or away from, the strongest first.
        facts: what is not a mood: sizes, what they cannot wear; the latest first.
        recipients: the same as `tastes` for the people they shop for, by the shopper's word for them.
        events: how many events are kept, by kind.
        slates: how many slates are kept as shown.
        conversations: how many conversations of theirs are known.
        available: false while the database cannot be read: then the rest says nothing.
    """

    shopper_id: ShopperId | None
    since: datetime | None = None
    channels: tuple[str, ...] = ()
    consents: Consents = field(default_factory=Consents)
    tastes: tuple[KnownValue, ...] = ()
    facts: tuple[KnownValue, ...] = ()
    recipients: Mapping[str, tuple[KnownValue, ...]] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    slates: int = 0
    conversations: int = 0
    available: bool = True

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.tastes or self.facts or self.recipients or self.events or self.slates)


@dataclass(frozen=True, slots=True)
class ConsentDecided:
    """A decision was taken; `consents` is what holds now.

    `available` is false if it could not be written: then nothing changed, and the shopper has to know.
    """

    purposes: tuple[Purpose, ...]
    granted: bool
    consents: Consents = field(default_factory=Consents)
    available: bool = True


@dataclass(frozen=True, slots=True)
class Erased:
    """A shopper was erased.

    Args:
        counts: rows that went, by table; empty if nothing was kept.
        complete: whether other conversations are gone from the dialogue server too; if not, they are queued and
            deleted as soon as it answers. The conversation that asks is the dialogue server's own to delete, at the
            end of the turn.
        available: false if the database could not be reached: then nothing was erased.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True
    available: bool = True


@dataclass(frozen=True, slots=True)
class ValueForgotten:
    """What was known of a facet value is deleted; `count` pieces of evidence went, 0 if nothing was known of it."""

    facet: str
    value: str
    count: int = 0
    available: bool = True


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The things that a message named are deleted, none if it names nothing that is known.

    `recipients` are people of whom nothing is known any more. `available` is false if the database could not be
    reached: then nothing can be said to be gone.
    """

    values: tuple[KnownValue, ...] = ()
    recipients: tuple[str, ...] = ()
    available: bool = True

    @property
    def nothing(self) -> bool:
        """Whether the message named nothing that was known."""
        return not (self.values or self.recipients)
