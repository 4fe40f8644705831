"""The use cases around a shopper's own data, in memory."""

from collections.abc import Sequence

from shopguide.conversation.need import Need
from shopguide.conversation.outcomes_privacy import ConsentDecided, Erased, Forgotten, Known
from shopguide.conversation.turn import Turn
from shopguide.profiles.consent import Purpose


class FakeOwnData:
    """What actions call; `available` and `complete` make it fail as the real one may."""

    def __init__(self) -> None:
        self.known = Known(None)
        self.decisions: list[tuple[tuple[Purpose, ...], bool]] = []
        self.forgotten: list[tuple[str, str]] = []
        self.erased = 0
        self.available = True
        self.complete = True

    def what_is_known(self, turn: Turn) -> Known:
        return self.known

    def decide(self, turn: Turn, purposes: Sequence[Purpose], granted: bool) -> ConsentDecided:
        if self.available:
            self.decisions.append((tuple(purposes), granted))
        return ConsentDecided(tuple(purposes), granted, available=self.available)

    def forget_named(self, turn: Turn, need: Need | None = None) -> Forgotten:
        named = tuple(value for value in self.known.tastes if value.value in turn.text)
        if self.available:
            self.forgotten += [(value.facet, value.value) for value in named]
        return Forgotten(named, available=self.available)

    def forget(self, turn: Turn) -> Erased:
        self.erased += self.available
        return Erased({}, self.complete, self.available)

    def export_link(self, turn: Turn) -> str | None:
        return "http://shop/privacy/copy?token=t" if self.available else None
