"""Why a value is held to be a credential, and why its confidence is what it is: for whoever asks `scan --explain`.

Worked out afterwards, from the rule, the value and the text around it, by the functions that judged it: a scan that is
not asked costs nothing. No reason holds a value or a piece of one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules import assigned, contextual, judging, passwords
from rules.assigned import MODES
from rules.checks import entropy, placeholder
from rules.light import DRAWN, GENERIC, LightRule
from rules.match import REACH, Match, find, window
from rules.published import published
from rules.rule import Rule

Span = tuple[str, int, int]
_SUMS = {
    "github-crc32": "its last six characters are the checksum of the others",
    "npm-crc32": "its last six characters are the checksum of the others",
    "vercel-crc32": "its last six characters are the checksum of the others",
    "gitlab-routable": "its last seven characters are the checksum of the others",
    "age": "its last six characters are the checksum of the others",
    "pypi-macaroon": "it decodes to a macaroon of PyPI with a signature",
    "jwt": "its parts decode to a JWT's header and claims, and the header names an algorithm",
    "base64-json": "its payload decodes to JSON",
    "basic-auth": "it decodes to a user with a password that somebody chose, or to a key",
    "twitter-bearer": "it is a number in base64 and then as random as a token",
    "mixed-case": "it has letters of both cases",
    "mixed": "it has letters of both cases and a digit",
    "letters-and-digits": "it has letters and digits",
    "pem-body": "what is between its lines decodes to something of a key's size",
    "password": "it is no variable, template or word that stands for a password",
    "password-strong": "it is no variable, template or word that stands for a password, and mixes letters and digits",
}
"""What passing each check of `rules.checks` says; of `drawn` and `opaque` the figures are told."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """`confidence` is that of the value at this place: high, medium, low, or "" where the rule does not take it."""

    confidence: str
    lines: tuple[str, ...]


def reasons(rule: Rule, light: LightRule, text: bytes, spans: Sequence[Span], shown: Callable[[str], bool]) -> Reasons:
    """The reasons for one finding at one place: a rule in both its forms, the decoded text and the spans in it.

    `shown` says whether a name that stands in the text may be quoted. Raises ValueError for spans outside the text.
    """
    if not spans or any(not 0 <= start < end <= len(text) for _, start, end in spans):
        raise ValueError("the spans lie outside the text")
    values = {part: text[start:end] for part, start, end in spans}
    anchor = spans[0][1:]
    again = _again(light, text, anchor)
    about = _About(rule, light, text, anchor, values, shown)
    lines = [*about.form(), *about.name(), *about.value(), *about.around()]
    confidence = again.confidence if again else ""
    if again and rule.parts:
        confidence = light.confidence if len(spans) > 1 else light.lone_confidence
    return Reasons(confidence, tuple(dict.fromkeys([*lines, *about.level(confidence)])))


def _again(light: LightRule, text: bytes, anchor: tuple[int, int]) -> Match | None:
    """The rule's match of a value, found anew around it; in the whole text where what is around does not do."""
    reach = light.width + contextual.GAP + REACH
    near = (max(0, anchor[0] - reach), min(len(text), anchor[1] + reach))
    for place in (near, (0, len(text))):
        for match in find(light, text, [place]):
            if (match.start, match.end) == anchor:
                return match
    return None


@dataclass(frozen=True)
class _About:
    rule: Rule
    light: LightRule
    text: bytes
    anchor: tuple[int, int]
    values: Mapping[str, bytes]
    shown: Callable[[str], bool]

    @property
    def _value(self) -> bytes:
        return self.text[slice(*self.anchor)]

    def form(self) -> Iterator[str]:
        source = f" ({self.rule.references[0]})" if self.rule.references else ""
        if self.rule.kind.startswith(GENERIC):
            by = "the name before it" if self.light.context else "what stands beside it"
            yield f"no provider's form is known to fit it: rule {self.rule.kind} goes by {by}"
        elif self.rule.context and self.rule.checksum == "opaque":
            yield f"rule {self.rule.kind}: no form of it is published{source}, so its provider's name must announce it"
        elif self.rule.context:
            yield f"rule {self.rule.kind}: it has the right form{source}, and its provider's name announces it"
        else:
            yield f"rule {self.rule.kind}: it has the form of {self.rule.name}{source}"

    def name(self) -> Iterator[str]:
        if not self.light.context:
            return
        if self.light.context[2] in MODES:
            name = assigned.naming(self.light, self.text, self.anchor)
            if name:
                yield f"told by the name {self._quoted(name)} before it"
        elif told := contextual.announcement(self.light, self.text, self.anchor):
            yield f"told by {' and '.join(dict.fromkeys(map(self._quoted, told.names)))} before it"

    def _quoted(self, name: bytes) -> str:
        """A name as it stands in the text, unless it may be a credential itself or holds a value or a piece of it."""
        text = name.decode("ascii", "replace").strip()
        pieces = any(value in name or name in value for value in self.values.values())
        if pieces or judging.opaque(name) or not text.isprintable() or not self.shown(text):
            return "(a name that is not shown)"
        return text

    def value(self) -> Iterator[str]:
        value, mode = self._value, self.light.context[2] if self.light.context else ""
        if mode == "password":
            yield _SUMS["password"]
        elif mode in DRAWN:
            yield from _as_drawn(value.rstrip(b",;&"), known=False)
        elif self.rule.checksum in ("drawn", "opaque"):
            yield from _as_drawn(value, known=self.rule.checksum == "drawn")
        elif self.rule.checksum:
            yield _SUMS[self.rule.checksum]
        if self.rule.entropy:
            yield f"entropy {entropy(value):.2f} bits a character (needs {self.rule.entropy:.2f})"
        if not placeholder(value) and not published(value):
            yield "no placeholder, and no value that its provider publishes for everybody"

    def around(self) -> Iterator[str]:
        start, end = self.anchor
        if self.rule.near:
            low, high = window(self.text, start, end, self.rule.near_lines, REACH)
            before, after = self.text[low:start].lower(), self.text[end:high].lower()
            words = [word.decode("ascii", "replace") for word in self.rule.near if word in before or word in after]
            if words:
                yield f"{' and '.join(words[:3])} {_within(self.rule.near_lines)}"
        for part in self.rule.parts:
            if part.name in self.values:
                yield f"its {part.name.replace('_', ' ')} stands {_within(part.within_lines)}"

    def level(self, confidence: str) -> Iterator[str]:
        """Why the confidence is what it is; nothing where the rule does not take the value at this place."""
        if not confidence:
            return
        if self.rule.kind.startswith(GENERIC):
            yield from self._level_of_generic(confidence)
        elif self.rule.parts and self.rule.lone_confidence != self.rule.confidence:
            missing = [part for part in self.rule.parts if part.name not in self.values]
            names = " and ".join(part.name.replace("_", " ") for part in missing)
            lines = max((part.within_lines for part in missing), default=0)
            alone = f"only {confidence}: no {names} {_within(lines)}"
            yield alone if len(self.values) == 1 else f"{confidence}: not the {self.light.anchor} alone"
        elif self.rule.context:
            told = contextual.announcement(self.light, self.text, self.anchor)
            by = "a" if told and told.keyed else "no"
            form = ", and no form is published" if self.rule.checksum == "opaque" else ""
            yield f"{confidence}: {by} word such as key, token or secret stands by it{form}"
        else:
            yield f"{confidence}, as its rule says of any value of this form"

    def _level_of_generic(self, confidence: str) -> Iterator[str]:
        value, mode = self._value, self.light.context[2] if self.light.context else ""
        name = assigned.naming(self.light, self.text, self.anchor)
        if value.startswith(self.light.context[4] if self.light.context else ()):
            yield f"{confidence}: it begins as tokens of a known provider do, and does not have their form"
        elif name and assigned.sham(name):
            yield f"{confidence}: its name says that it is made up"
        elif mode == "password" and passwords.letters_and_digits(value):
            words = f"{judging.wordiness(value):.2f} bits a character like words"
            least = f"(low above {assigned.SPEAKING:.2f} where it has no other signs)"
            yield f"{confidence}: letters with digits; {words} {least}"
        elif mode == "password":
            yield f"{confidence}: it does not mix letters with digits"
        elif confidence == "low":
            yield f"low: not random-looking for certain (both cases and {assigned.SURE:.2f} would do)"
        else:
            by = "a name" if self.light.context else "what stands beside it"
            yield f"{confidence}: random-looking, but {by} alone tells it"


def _within(lines: int) -> str:
    return f"within {lines} lines of it" if lines else "on its line"


def _as_drawn(value: bytes, *, known: bool) -> Iterator[str]:
    """How random a value looks and how much like words, each with what it needs, of which it may have less."""
    share = f"{judging.surprise(value):.2f} of what a random text of its length and alphabet has"
    least = judging.least(value, known=known)
    passed = judging.surprise(value) >= least
    yield f"{'random-looking' if passed else 'less than random'}: {share} (needs {least:.2f})"
    body = value.rstrip(b"=")
    if not judging.is_hex(body) and not judging.is_uuid(body):
        most = judging.words_from(body, known=known)
        like = "not like words" if judging.wordiness(body) <= most else "somewhat like words"
        yield f"{like}: {judging.wordiness(body):.2f} bits a character (at most {most:.2f})"
