"""A shopper's own copy as one page that can be read, kept and printed: no scripts, nothing loaded from anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #8886; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top; }
td { border-top: 1px solid #8883; overflow-wrap: anywhere; }
"""

SOURCES: Mapping[str, str] = {
    "slot": "said when searching",
    "correction": "said as a correction",
    "removal": "taken back",
    "critique": "said of what was shown",
    "search": "searched for",
    "fact": "said to be so",
    "like": "liked a product",
    "dislike": "rejected a product",
    "cart": "put into the cart",
    "purchase": "bought",
    "click": "looked at",
    "import": "known to the shop before",
}
_DECISIONS = {True: "yes", False: "no", None: "not asked"}


def page(copy: Mapping[str, Any]) -> str:
    """Return a copy as HTML; whatever comes from the shop or the shopper is text in it."""
    title = f"What {copy['shop']} keeps about you"
    known = f"Known since {_day(copy['known_since'])}. " if copy["known_since"] else ""
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{known}Made on {_time(copy['created_at'])} UTC. "
        f"Your number here is <code>{escape(copy['shopper_id'])}</code>.</p>",
        _consent(copy),
        _section(
            "Accounts you write from",
            ("channel", "account", "since"),
            ((row["channel"], row["sender_id"], _day(row["since"])) for row in copy["accounts"]),
        ),
        _values("What is taken to hold of you", copy["facts"]),
        _values("What you seem to like", [value for value in copy["tastes"] if value["weight"] > 0]),
        _values("What you seem to avoid", [value for value in copy["tastes"] if value["weight"] < 0]),
        *(_values(f"For {who}", values) for who, values in sorted(copy["recipients"].items())),
        _section(
            "What this was learnt from",
            ("when (UTC)", "what", "value", "how", "for"),
            (
                (
                    _time(row["at"]),
                    _words(row["facet"]),
                    f"not {row['value']}" if row["polarity"] < 0 else row["value"],
                    SOURCES.get(row["source"], row["source"]) + (" (the session only)" if row["session_only"] else ""),
                    row["recipient"] or "you",
                )
                for row in copy["evidence"]
            ),
        ),
        _section(
            "What you did",
            ("when (UTC)", "what", "product or words", "value"),
            (
                (
                    _time(row["at"]),
                    _words(row["kind"]),
                    row["title"] or row["text"] or row["sku"] or "",
                    _number(row["value"]),
                )
                for row in copy["events"]
            ),
        ),
        _section(
            "What you were shown",
            ("when (UTC)", "products"),
            (
                (_time(row["at"]), "; ".join(item["title"] or item["sku"] for item in row["products"]))
                for row in copy["shown"]
            ),
        ),
        *(_conversation(one) for one in copy["conversations"]),
        _others(copy["rows"]),
    ]
    body = "\n".join(part for part in parts if part)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _consent(copy: Mapping[str, Any]) -> str:
    now = ", ".join(f"{purpose}: {_DECISIONS[granted]}" for purpose, granted in copy["consent"].items())
    decisions = _section(
        "",
        ("when (UTC)", "purpose", "decision", "where"),
        ((_time(row["at"]), row["purpose"], _DECISIONS[row["granted"]], row["source"]) for row in copy["decisions"]),
    )
    return f"<h2>What you agreed to</h2>\n<p>{escape(now)}.</p>\n{decisions}"


def _values(heading: str, values: Sequence[Mapping[str, Any]]) -> str:
    return _section(
        heading,
        ("what", "value", "strength", "since", "from"),
        (
            (
                _words(value["facet"]) + (f" of {value['category']}" if value["category"] else ""),
                f"not {value['value']}" if value["weight"] < 0 else value["value"],
                f"{abs(value['weight']):.0%}",
                _day(value["since"]),
                "; ".join(_origin(origin) for origin in value["origins"]),
            )
            for value in values
        ),
    )


def _origin(origin: Mapping[str, Any]) -> str:
    times = f" {origin['count']} times" if origin["count"] > 1 else ""
    channel = f" on {origin['channel']}" if origin["channel"] else ""
    return f"{SOURCES.get(origin['source'], origin['source'])}{times}{channel}, last on {_day(origin['latest'])}"


def _conversation(conversation: Mapping[str, Any]) -> str:
    heading = f"What was said as {conversation['id']}"
    if conversation["said"] is None:
        return f"<h2>{escape(heading)}</h2>\n<p>This cannot be read just now; ask for another copy later.</p>"
    return _section(
        heading,
        ("when (UTC)", "who", "words"),
        (
            (_time(one["at"]), "you" if one["by"] == "shopper" else "the guide", one["text"])
            for one in conversation["said"]
        ),
    )


def _others(rows: Mapping[str, Sequence[Any]]) -> str:
    """Say what else there is; the rows themselves are in the copy as data."""
    told = {"shoppers", "identities", "consents", "preferences", "feedback_events", "slates", "slate_items"}
    return _section(
        "Kept besides",
        ("what", "how many"),
        ((_words(table), str(len(found))) for table, found in sorted(rows.items()) if table not in told),
    )


def _section(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows]
    if not lines:
        return ""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    title = f"<h2>{escape(heading)}</h2>\n" if heading else ""
    table = "\n".join(lines)
    return f"{title}<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{table}\n</tbody>\n</table>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _day(at: str) -> str:
    return at[:10]


def _time(at: str) -> str:
    return at[:16].replace("T", " ")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
