"""The short form of a rule for values that a provider's name announces: from `context`, `value` and `samples`.

What it makes is an ordinary rule: a pattern for the prefilter, keywords, and examples in the shapes found in the wild.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rules.contextual import GAP, Context
from rules.reading import Table

_OWN = ("context", "value", "samples", "ordinary")
_LEAST = 4
"""Letters of the shortest name that is no everyday word."""
OPAQUE = "opaque"
"""As a value: its provider publishes no format."""
_ANY = rb"[A-Za-z0-9_+-][A-Za-z0-9_.+/~-]{14,124}[A-Za-z0-9_+-]={0,2}"
_LONG = 7
"""Letters from which a name needs no boundary: it stands in nothing else."""
_FOLLOWS = (
    rb"api|app|key|token|secret|access|auth|client|pass|pwd|user|account|oauth|"
    rb"bearer|webhook|personal|service|admin|server|io|com|sdk"
)
_BEFORE = rb"(?<![A-Za-z0-9_.+~?@#-])"
"""Behind @ and # stand the commits and digests of what is fetched: `uses: corp/action@<sha>`, `a.tgz#<sha>`."""
_AFTER = rb"(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9_])"
_SEPARATORS = (b"_", b"-", b".", b" ", b"")


def keywords(context: Sequence[bytes]) -> tuple[bytes, ...]:
    """The words as they may stand in a text, in lower case: `banner_bear` is written in five ways."""
    return tuple(dict.fromkeys(word.replace(b"_", sign) for word in context for sign in _SEPARATORS))


def words(context: Sequence[bytes]) -> bytes:
    """The pattern of a name: long names anywhere, short ones only where a name begins and ends."""
    return b"(?:" + b"|".join(_word(word) for word in context) + b")"


def _word(word: bytes) -> bytes:
    text = b"[-_. ]?".join(re.escape(piece) for piece in word.split(b"_"))
    if len(word.replace(b"_", b"")) >= _LONG:
        # `op_connect` begins as `stop connecting` goes on.
        return (b"(?<![A-Za-z])" if len(word.split(b"_")[0]) < _LEAST else b"") + b"(?i:" + text + b")"
    lower, upper = text, text.upper()
    camel = b"[-_. ]?".join(re.escape(piece.capitalize()) for piece in word.split(b"_"))
    free = b"(?<![A-Za-z])(?i:%s)(?:(?![A-Za-z])|(?=(?i:%s)))" % (text, _FOLLOWS)
    return b"(?:%s|(?<![A-Z])%s(?![a-z])|(?<![A-Za-z])%s(?![a-z])|(?<![A-Za-z])%s(?![A-Z]))" % (
        free,
        camel,
        lower,
        upper,
    )


def value(form: str) -> bytes:
    """The pattern of a value in the named group secret, with a boundary on both sides."""
    body = _ANY if form == OPAQUE else form.encode()
    return _BEFORE + b"(?P<secret>" + body + b")" + _AFTER


def pattern(context: Sequence[bytes], form: str, *, ordinary: bool = False) -> bytes:
    """What the prefilter looks for: it fits wherever the rule can find something.

    A long gap loses its end in the automaton (`rules.light.superset`); that behind an everyday word is several short.
    """
    gap = rb"(?:[^\0]{0,%d}?){4}" % (GAP // 4) if ordinary else rb"[^\0]{0,%d}?" % GAP
    return words(context) + gap + value(form)


WILD = (
    "{NAME}_API_KEY={value}\n",
    "export {NAME}_TOKEN='{value}'\n",
    "production:\n  {name}_api_key: {value}\n  timeout: 30\n",
    '{name}:\n  enabled: true\n  api_key: "{value}"\n',
    '{{"{name}": {{"apiKey": "{value}", "retries": 3}}}}\n',
    'client = {Name}(api_key="{value}")\n',
    "const {name}Token = '{value}';\n",
    "{name}.secret.key={value}\n",
    'curl -H "X-{Name}-Api-Key: {value}" https://api.internal/v1/items\n',
    "https://api.{name}.com/v1/items?api_key={value}&page=2\n",
    "$client = new {Name}Client(\n    'eu',\n    token: '{value}',\n);\n",
)
"""Shapes in which people write them: environment, YAML, JSON, code, properties, curl, URL, several lines."""
FOREIGN = (
    "unrelated_setting = {value}\n",
    "{NAME}_API_KEY=${{{NAME}_API_KEY}}\n",
    "{name}_api_key: <your {name} key>\n",
    "{NAME}_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "{name}:\n  commit: {value}\n",
)
"""What must not be found: the value without a name, references, placeholders, a commit."""


def examples(context: Sequence[bytes], samples: Sequence[str], shapes: Sequence[str]) -> tuple[str, ...]:
    """Every sample in some shape, every shape with some sample; the first context word is the name."""
    name = context[0].decode().replace(" ", "")
    spoken = "".join(piece.capitalize() for piece in name.split("_"))
    made = []
    for index in range(max(len(samples), len(shapes))):
        shape, sample = shapes[index % len(shapes)], samples[index % len(samples)]
        made.append(shape.format(NAME=name.upper(), name=name, Name=spoken, value=sample))
    return tuple(dict.fromkeys(made))


def spelled_out(table: Table) -> tuple[Mapping[str, Any], Context]:
    """A row of the short form as a row of the ordinary one, and the rule's context. Raises RuleError."""
    row = {key: value for key, value in table.data.items() if key not in _OWN}
    for key in ("pattern", "keywords"):
        if key in row:
            table.fail(f"has {key} and context", "a rule has a pattern, or a context and a value")
    context, form, samples = table.words("context"), table.text("value"), table.texts("samples")
    ordinary = table.flag("ordinary")
    if not context or not samples:
        table.fail("context or samples are empty", "name the provider as it is written, and show a value as a template")
    for word in context:
        if not re.fullmatch(rb"[a-z0-9][a-z0-9_. -]*[a-z0-9]", word):
            table.fail(
                f"the context word {word.decode(errors='replace')!r} is none", "write lower-case letters, digits and _"
            )
        if len(word) < _LEAST and not ordinary:
            table.fail(f"the context word {word.decode()!r} is short", "add ordinary = true, or a longer word")
    found = value(form)
    if re.compile(found).groups != 1:
        table.fail("value holds a group of its own", "write (?:...)")
    opaque = form == OPAQUE
    row["pattern"] = pattern(context, form, ordinary=ordinary).decode()
    row["keywords"] = [word.decode() for word in keywords(context)]
    row["examples"] = [*examples(context, samples, WILD), *table.texts("examples")]
    row["counterexamples"] = [*examples(context, samples, FOREIGN), *table.texts("counterexamples")]
    row["checks"] = {"checksum": "opaque" if opaque else "drawn", **table.table("checks")}
    return row, (words(context), found, "ordinary" if ordinary else "opaque" if opaque else "", (), ())
