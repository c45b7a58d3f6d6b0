"""XML: Maven's `${env.NAME}`, NuGet's `%NAME%`, elsewhere a placeholder; what the parser reports is compared."""

import re
from xml.parsers import expat

from offboarding.remedy.literal import REMOVED, CannotRewrite, Edited, Literal, splice

FORMS = (
    (re.compile(r"(^|/)(pom|[\w-]*settings[\w-]*|\.mvn/[\w-]+)\.xml$"), "${{env.{name}}}", ""),
    (re.compile(r"(?i)(^|/)nuget[\w.]*\.config$"), "%{name}%", ""),
    (re.compile(r""), "${{{name}}}", "nothing is known to fill in {path}: what reads it must replace ${{{name}}}"),
)
Event = tuple[str, str]


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The document with each literal replaced. Raises `CannotRewrite`."""
    form, note = next((form, note) for pattern, form, note in FORMS if pattern.search(path))
    before = _events(text)
    comments = [found.span() for found in re.finditer(r"(?s)<!--.*?-->", text)]
    pieces, undone = [], []
    notes: dict[str, None] = {}
    for item in literals:
        inside = any(start <= item.start and item.end <= end for start, end in comments)
        new = REMOVED if inside else form.format(name=item.name)
        pieces.append((item.start, item.end, new))
        undone.append((new, text[item.start : item.end]))
        if not inside:
            notes[note.format(name=item.name, path=path.rpartition("/")[2])] = None
    changed = splice(text, pieces)
    if _undone(before, undone) != _undone(_events(changed), undone):
        raise CannotRewrite("the rewritten file would parse differently")
    return Edited(changed, tuple(one for one in notes if one))


def _undone(events: list[Event], pairs: list[tuple[str, str]]) -> list[Event]:
    """The events with the values back in place."""
    told: list[Event] = []
    for kind, said in events:
        restored = said
        for new, old in dict.fromkeys(pairs):
            restored = said if kind == "tag" else restored.replace(new, old)
        told.append((kind, restored))
    return told


def _events(text: str) -> list[Event]:
    """What a parser that follows no entity says of a document. Raises `CannotRewrite` where it does not parse."""
    events: list[Event] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        events.append(("tag", name))
        events.extend(("attribute", f"{key}={value}") for key, value in attributes.items())

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: events.append(("tag", f"/{name}"))
    parser.CharacterDataHandler = lambda said: events.append(("text", said))
    parser.CommentHandler = lambda said: events.append(("comment", said))
    parser.ProcessingInstructionHandler = lambda target, said: events.append(("tag", f"?{target} {said}"))
    parser.StartDoctypeDeclHandler = lambda *said: events.append(("tag", f"!{said}"))
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        raise CannotRewrite("the file is not valid XML") from None
    return events
