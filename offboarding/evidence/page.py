"""The few forms that report.html is made of. What goes in as text is escaped; cells of a table are HTML already."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from offkey.model import AccessPoint, timestamp


def document(title: str, css: str, body: str) -> str:
    """A whole page without scripts, which asks nobody for anything."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{css}</style></head><body><main>{body}</main></body></html>\n"
    )


def bullets(label: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<p class="label">{label}</p><ul>{items}</ul>' if items else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def when(moment: datetime | None) -> str:
    return timestamp(moment.replace(microsecond=0)).replace("T", " ").replace("Z", " UTC") if moment else ""


def what(point: AccessPoint) -> str:
    return f'<b>{name(point)}</b><br><span class="soft">{escape(point.kind)}</span>'


def name(point: AccessPoint) -> str:
    holder = point.holder.login or point.holder.email or point.holder.id if point.holder else ""
    told = " ".join(filter(None, (point.provider_id, point.redacted)))
    return escape(f"{point.provider} {told or point.id}{f', of {holder}' if holder else ''}")
