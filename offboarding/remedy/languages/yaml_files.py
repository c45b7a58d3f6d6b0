"""YAML: the reference of whoever reads the file; every other scalar stays what it was, and so does the structure."""

from collections.abc import Sequence
from dataclasses import dataclass

from offboarding.remedy.languages import helm
from offboarding.remedy.languages.addresses import tool, userinfo
from offboarding.remedy.languages.pipelines import Form, Place, demand_text, reader
from offboarding.remedy.languages.yaml_nodes import Path, Scalar, scalars, spelled
from offboarding.remedy.literal import REMOVED, CannotRewrite, Edited, Literal, splice
from offboarding.remedy.occurrences import spans

Piece = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class _Change:
    """One literal's piece, and what its scalar is to say; `said` is None where the scalar becomes something else."""

    piece: Piece
    path: Path
    said: str | None
    note: str = ""


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The document with each literal replaced; its scalars are compared before and after. Raises `CannotRewrite`."""
    if helm.is_template(path, text):
        return helm.rewrite(path, text, literals)
    found = scalars(text)
    changes, comments = [], []
    for literal in literals:
        if _holder(found, literal) is None:
            comments.append((literal.start, literal.end, REMOVED))
        else:
            changes.append(_change(path, text, found, literal, literals))
    changed = splice(text, [*(change.piece for change in changes), *comments])
    if not _same(found, changed, changes):
        quoted = [_quoted(text, found, change) for change in changes]
        changed = splice(text, [*quoted, *comments])
        if not _same(found, changed, changes):
            raise CannotRewrite("the rewritten file would have another structure")
    return Edited(changed, tuple(dict.fromkeys(change.note for change in changes if change.note)))


def _holder(found: Sequence[Scalar], literal: Literal) -> Scalar | None:
    return next((one for one in found if one.start <= literal.start and literal.end <= one.end), None)


def _change(path: str, text: str, found: Sequence[Scalar], literal: Literal, literals: Sequence[Literal]) -> _Change:
    holder = _holder(found, literal)
    assert holder is not None
    if holder.is_key:
        raise CannotRewrite("the value is a key")
    mates = [one for one in literals if _holder(found, one) is holder]
    value = text[literal.start : literal.end]
    places = [0] if holder.value == value else [start for start, _ in spans(holder.value, value)]
    same = [one for one in mates if text[one.start : one.end] == value]
    if len(places) != len(same):
        raise CannotRewrite("the value is written with escapes")
    at = places[same.index(literal)]
    if tool(path) and (piece := userinfo(text, literal)):
        note = f"what reads {path.rpartition('/')[2]} takes the credential from {tool(path)}"
        return _Change(piece, holder.path, holder.value.replace(text[piece[0] : piece[1]], "", 1), note)
    top = frozenset(one.path[1] for one in found if one.is_key and len(one.path) == 2 and one.path[0] == holder.path[0])
    place = Place(path, holder.path[1:], holder.value, at, at + len(value))
    demand_text(place)
    form = reader(path, top)(place, literal.name)
    if form.mapping:
        return _structured(text, holder, form)
    said = holder.value[:at] + form.text + holder.value[at + len(value) :] if len(mates) == 1 else None
    new = spelled(form.text, holder.style)
    if not form.text and not holder.style:
        new = '""'
    return _Change((literal.start, literal.end, new), holder.path, said, form.note)


def _structured(text: str, holder: Scalar, form: Form) -> _Change:
    """A scalar that becomes a mapping, and its key with it where the form says so."""
    if holder.style not in ("", "'", '"'):
        raise CannotRewrite("a block of text, which cannot become a reference")
    start, new = holder.start, form.text
    if form.key:
        start, new = holder.key[0], f"{form.key}{text[holder.key[1] : holder.start]}{form.text}"
    return _Change((start, holder.end, new), holder.path, None, form.note)


def _quoted(text: str, found: Sequence[Scalar], change: _Change) -> Piece:
    """The piece with its whole scalar between double quotes, where it was plain."""
    holder = next(one for one in found if one.path == change.path and not one.is_key)
    start, end, new = change.piece
    around = text[holder.start : start], text[end : holder.end]
    if holder.style or change.said is None or any(char in part for part in around for char in '"\\\n'):
        return change.piece
    return holder.start, holder.end, f'"{around[0]}{spelled(new, chr(34))}{around[1]}"'


def _same(before: Sequence[Scalar], changed: str, changes: Sequence[_Change]) -> bool:
    """Whether all scalars are what they were, but for those changed, which say what they are to say."""
    try:
        after = scalars(changed)
    except CannotRewrite:
        return False
    expected = {change.path: change.said for change in changes}
    loose = {path for path, said in expected.items() if said is None}
    wanted = [
        (one.path, one.is_key, one.value if one.is_key else expected.get(one.path, one.value))
        for one in before
        if not _within(one.path, loose)
    ]
    return wanted == [(one.path, one.is_key, one.value) for one in after if not _within(one.path, loose)]


def _within(path: Path, loose: set[Path]) -> bool:
    """Whether a scalar or key lies in what became a mapping; its key may have another name now."""
    return any(path[: len(one)] == one or path[: len(one)] == (*one[:-1], "valueFrom") for one in loose)
