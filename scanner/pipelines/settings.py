"""Settings of every version that are called like a credential and hold a value, and the findings that lie in them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from offkey.found import Finding, Place, Setting, Use
from offkey.secret import redact
from scanner.ci.config import Config, Given
from scanner.matching.encoding import decoded
from scanner.pipelines.assigned import packed
from scanner.pipelines.configs import BYTES, contents
from scanner.pipelines.ties import masked
from scanner.pipelines.usage import Survey, Told, unsigned, use_order
from scanner.repository.files import FileItem, read_file

_SHORTEST = 4
"""Characters of a value that is looked for in the name of its step; shorter ones stand everywhere."""

Cell = tuple[str, str]
"""A path and the id of what it holds."""
Same = tuple[str, str, str, bytes]
"""What a setting is whatever the version: path, name, form, value."""


def settings(survey: Survey, findings: Sequence[Finding], mask: Callable[[str], str]) -> tuple[Setting, ...]:
    """All of a repository, those of today first. `mask` takes values out of words."""
    gathered = survey.gathered(_told)
    signed = {unsigned(use): use for use in survey.signed(gathered.values())}
    held = _findings_in(survey, findings)
    found = [_setting(signed[unsigned(use)], key[-1], held, mask) for key, use in gathered.items()]
    return tuple(sorted(dict.fromkeys(found), key=setting_order))


def setting_order(one: Setting) -> tuple[object, ...]:
    """Settings of today first, then by place."""
    return (*use_order(one.use), one.form, one.redacted, one.findings, one.use.commit, one.use.last)


def _told(config: Config) -> Sequence[Told]:
    return [Told(one.name, one.lines[0], one.form, (one.form, one.how, one.value.reveal())) for one in config.given]


def _setting(
    use: Use, apart: object, held: Mapping[Same, frozenset[tuple[str, str]]], mask: Callable[[str], str]
) -> Setting:
    assert isinstance(apart, tuple)
    form, how, value = apart
    inside = held.get((use.path, use.name, form, value), frozenset())
    shown = redact(value)
    return Setting(
        use=masked(replace(_without(use, value, shown), note=""), mask),
        form=form,
        redacted=shown,
        how=how,
        findings=tuple(sorted(inside)),
    )


def _without(use: Use, value: bytes, shown: str) -> Use:
    """The use with the value taken out of its step's name, which may be the command that it runs."""
    plain = value.decode("utf-8", "replace")
    named = len(plain) < _SHORTEST or plain == use.step
    return use if named else replace(use, step=use.step.replace(plain, shown))


def _findings_in(survey: Survey, findings: Sequence[Finding]) -> Mapping[Same, frozenset[tuple[str, str]]]:
    """(kind, fingerprint) of the findings that lie in a setting of any version."""
    places: dict[Cell, list[tuple[Finding, Place]]] = defaultdict(list)
    for finding in findings:
        for place in finding.places:
            if place.repo == survey.repo and place.path:
                places[place.path, place.object].append((finding, place))
    given: dict[Cell, list[Given]] = defaultdict(list)
    for (_, path, blob), version in survey.read.items():
        if (path, blob) in places:
            given[path, blob] += version.config.given
    found: dict[Same, set[tuple[str, str]]] = defaultdict(set)
    for cell, content in _contents(survey, {cell for cell, held in given.items() if held}):
        text = decoded(content)[0]
        for one in given[cell]:
            inside = {(f.kind, f.fingerprint) for f, place in places[cell] if _lies_in(place, text, one)}
            found[cell[0], one.name, one.form, one.value.reveal()] |= inside
    return {same: frozenset(inside) for same, inside in found.items()}


def _contents(survey: Survey, cells: set[Cell]) -> Iterator[tuple[Cell, bytes]]:
    """What the cells hold; whatever cannot be read has been told before."""
    if survey.git is None:
        for path, digest in sorted(cells):
            content = read_file(FileItem(str(survey.root), path, "file", "worktree", ""), BYTES)
            if isinstance(content, bytes):
                yield (path, digest), content
        return
    paths: dict[str, list[str]] = defaultdict(list)
    for path, blob in sorted(cells):
        paths[blob].append(path)
    for blob, content in contents(survey.git, paths, []):
        yield from (((path, blob), content) for path in paths[blob])


def _lies_in(place: Place, text: bytes, given: Given) -> bool:
    """Whether a finding lies in a setting: in its lines, and as a part of its value if that stands there as it is."""
    first, last = given.lines
    if packed(place) or not first <= place.line <= last:
        return False
    if place.decoding or first != last:
        return True
    value = given.value.reveal()
    return any(text[span.start : span.end] in value or value in text[span.start : span.end] for span in place.spans)
