"""The privacy notice, from the settings in force: a notice written by hand would be wrong after the next change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from shopguide.settings import Settings


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the notice: a heading, a paragraph, and points below it."""

    heading: str
    text: str = ""
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """The whole of it."""

    title: str
    sections: tuple[Section, ...]


def notice(settings: Settings) -> Notice:
    """Return what a shopper has to know, as these settings make it."""
    return Notice(f"Privacy at {settings.shop_name}", tuple(_sections(settings)))


def as_markdown(content: Notice) -> str:
    """Return the notice as Markdown."""
    lines = [f"# {content.title}"]
    for section in content.sections:
        lines += ["", f"## {section.heading}"]
        if section.text:
            lines += ["", section.text]
        if section.points:
            lines += ["", *(f"- {point}" for point in section.points)]
    return "\n".join(lines) + "\n"


def as_html(content: Notice, stylesheet: str) -> str:
    """Return the notice as a page without scripts.

    Args:
        content: the notice.
        stylesheet: address of the style.
    """
    parts = [f"<h1>{escape(content.title)}</h1>"]
    for section in content.sections:
        parts.append(f"<h2>{escape(section.heading)}</h2>")
        if section.text:
            parts.append(f"<p>{escape(section.text)}</p>")
        if section.points:
            parts.append("<ul>")
            parts += [f"<li>{escape(point)}</li>" for point in section.points]
            parts.append("</ul>")
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.title)}</title>
<link rel="stylesheet" href="{escape(stylesheet)}">
</head>
<body class="notice">
<main>
{body}
</main>
</body>
</html>
"""


def _sections(settings: Settings) -> Iterator[Section]:
    contact = settings.privacy_contact or "the shop itself: the ways to reach it are on its pages"
    yield Section(
        "Who is responsible",
        f"{settings.shop_name} runs this shopping guide on its own machines. For anything about your data, write to "
        f"{contact}. You may also complain to the data protection authority where you live.",
    )
    yield Section(
        "What is kept, and what for",
        f"You talk to the guide here: {_listed(settings.channels)}. An account of a channel is told by the id that the "
        "channel gives it.",
        (
            "What you look for, change, like and reject, for whom, and your sizes: to find what suits you and to "
            f"explain why it is shown (personalisation). {_kept(settings.keep_preferences_days)}",
            "What you click, search for, put into the cart, buy and rate: for the same, and for reports and the "
            f"training of the guide (analytics). {_kept(settings.keep_events_days)}",
            "Which products you were shown, in which order, and how they were chosen: to measure and train the guide "
            "(analytics), and not to show you the same again and again (personalisation). "
            f"{_kept(settings.keep_slates_days)}",
            "The conversation itself: so that the guide knows what you talk about. "
            f"{_kept(settings.keep_conversations_days, ' after its last message')}",
            "Your decisions about all this, and when you made them: so that they can be proved.",
            "That you exist, when nothing else is left: so that you are recognised. "
            f"{_kept(settings.keep_shoppers_days)}",
        ),
    )
    yield _consent(settings)
    yield _choice(settings)
    yield Section(
        "Where it is",
        "On the machines of the shop and nowhere else. Language and ranking models run there too; nothing that you say "
        "is sent to anybody else to be understood. Channels run by others, such as Telegram or Slack, see what you "
        "write there by their own rules. Logs hold no messages and no ids"
        + (", except that this server is set to quote what goes wrong." if settings.quote_in_logs else "."),
    )
    yield Section(
        "What you can do, in the chat",
        "",
        (
            '"What do you know about me" shows what is known, and where each thing comes from.',
            '"Forget that I like blue", or whatever it is, deletes one thing. Saying how it really is corrects it.',
            '"Export my data" gives you a link to a copy of everything, as a page and as data.',
            '"Don\'t use my history" leaves everything you said before out of the session.',
            '"You may no longer remember me" withdraws your consent; saying the contrary gives it.',
            '"Forget me" erases you.',
        ),
    )
    tombstone = (
        f"For {_days(settings.tombstone_days)} a mark that names nobody"
        if settings.tombstone_days
        else "A mark that names nobody"
    )
    yield Section(
        "What erasing means",
        "Your accounts, tastes, decisions, what you did and were shown, and your conversations are deleted from the "
        "database, from what waits to be written, from the trained models and from the dialogue server, at once. "
        f"{tombstone} lets late reports about you be refused. Copies that the shop keeps of its database are deleted "
        "when their own time has come.",
    )


def _consent(settings: Settings) -> Section:
    session = _hours(settings.session_memory_hours)
    unused = (
        f"and is deleted after {_days(settings.withdrawn_retention_days)}"
        if settings.withdrawn_retention_days
        else "and stays, unused, until you ask for it to be erased"
    )
    points = (
        f"Without a yes, what you say counts in its own conversation only, and for {session} at most.",
        "You can say no at any time. From then on nothing is used or written any more; what was kept before is not "
        f"used, {unused}.",
    )
    if settings.consent == "assumed":
        text = (
            "The shop has asked you elsewhere whether your tastes may be remembered and your behaviour used; until you "
            "say something else here, that holds."
        )
    else:
        text = (
            "The guide asks you once, in the chat, whether your tastes may be remembered (personalisation) and whether "
            "what you do may be used for reports and training (analytics). One does not hang on the other."
        )
    return Section("Your consent", text, points)


def _choice(settings: Settings) -> Section:
    chance = (
        f" Now and then (each place but the first with a chance of {settings.exploration_rate:.0%}) a product takes a "
        "place by chance, among those that fit just as well: that is how the guide learns what it does not know yet."
        if settings.exploration_rate
        else " Nothing is shown by chance."
    )
    return Section(
        "How products are chosen",
        "A program puts them in order: by what you ask for, which always has to hold, then by what you and others "
        f"liked and bought. It says why each product is shown.{chance} It decides nothing else about you.",
    )


def _kept(days: int, after: str = "") -> str:
    return f"Kept for {_days(days)}{after}." if days else "Kept until you ask for it to be erased."


def _days(days: int) -> str:
    return "one day" if days == 1 else f"{days} days"


def _hours(hours: float) -> str:
    return "one hour" if hours == 1 else f"{hours:g} hours"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "wherever the shop offers it"
