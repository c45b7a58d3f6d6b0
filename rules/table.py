"""The table of kinds in docs/rules.md, made from the rule files: `python -m rules.table docs/rules.md`."""

import sys
from pathlib import Path

from rules.loader import load
from rules.rule import Rule, RuleSet

_HEAD = """# What offkey recognises

Made from `rules/*.toml` by `python -m rules.table docs/rules.md`; a test compares the two.

A *kind* is the name that a rule, a finding and a revoker share. *Confidence* is that of a whole credential; a pair's id
without its secret is reported with the one in brackets, or not at all where the secret is required. *Ownership* is what
such a credential usually is at its provider; unknown is treated as shared.
"""

_FORMAT = """
## A rule file

One TOML file a provider: `provider`, `console` (where a person revokes by hand), `handover` (what to ask for where no
revoker exists), and any number of `[[rule]]`:

| key | meaning |
|---|---|
| `kind`, `name` | the kind, which begins with the provider's name, and its name for people |
| `pattern` | a regular expression of Python's `re` over bytes; one named group, `secret` or `id`; repeats bounded |
| `keywords` | texts of which one stands in any content that can match; a fast first look searches for them |
| `confidence`, `lone_confidence` | high, medium or low; the second one for an id without its parts (low if left out) |
| `ownership` | personal, shared or unknown |
| `references` | the provider's documentation |
| `over` | kinds before which this one goes where both take the same value and are equally sure, long and complete |
| `checks.entropy` | the least Shannon entropy of the value, in bits per byte |
| `checks.checksum` | a check by name: {checksums} |
| `checks.near`, `checks.near_lines` | words of which one must stand within that many lines (3 if left out) |
| `checks.reject` | texts that mark a value as a placeholder |
| `parts` | further parts: `name`, `pattern` with the group `secret`, `within_lines`, `required`, `entropy` |
| `examples`, `counterexamples` | at least two each, as templates: `ghp_<base62:30><checksum>` |

In place of `pattern`, `keywords`, `examples` and `counterexamples`, for a value without a form of its own:

| key | meaning |
|---|---|
| `context` | words that announce the provider; one stands at most {gap} bytes before; `_` is an optional separator |
| `value` | the pattern of the value alone, without groups or boundaries; `opaque` where no format is published |
| `samples` | the value as templates; {shapes} shapes found in the wild are made of them, and counterexamples |
| `ordinary` | true where the words mean other things, too: one such as key or token must be of one name with them |

Slots of a template: `<alphabet:n>` with {alphabets}; `<checksum>`; `<pypi>`; `<uuid>`; `<pem:n>`; `<json:text>`.
A file given with `--rules` may replace a bundled kind. When it is loaded its rules are tried: on their examples; on
text made to make them slow, in a process of its own that is ended after five seconds a rule; and on whether another
rule takes the same value of an example with nothing but the kinds' names to decide between them. A rule that fails is
refused, and the message says what to do. `untried = true` marks a rule that was taken over from another scanner and
may have fewer examples ([ecosystem](ecosystem.md)).
"""


def markdown(ruleset: RuleSet) -> str:
    """The whole page."""
    from rules.checks import CHECKSUMS
    from rules.compact import WILD
    from rules.contextual import GAP
    from rules.examples import ALPHABETS

    lines = [_HEAD, f"{len(ruleset.rules)} kinds of {len({rule.provider for rule in ruleset.rules})} providers.", ""]
    lines += ["| kind | what it is | confidence | ownership |", "|---|---|---|---|"]
    lines += [_row(rule) for rule in ruleset.rules]
    lines += ["", "## By hand", "", "| provider | console | handover |", "|---|---|---|"]
    lines += [f"| {p.name} | {p.console} | {p.handover} |" for _, p in sorted(ruleset.providers.items())]
    checksums = ", ".join(f"`{name}`" for name in sorted(CHECKSUMS))
    alphabets = ", ".join(f"`{name}`" for name in sorted(ALPHABETS))
    return "\n".join(lines) + "\n" + _FORMAT.format(checksums=checksums, alphabets=alphabets, gap=GAP, shapes=len(WILD))


def _row(rule: Rule) -> str:
    lone = rule.parts and not any(part.required for part in rule.parts)
    confidence = f"{rule.confidence} ({rule.lone_confidence})" if lone else f"{rule.confidence}"
    named = f"[{rule.name}]({rule.references[0]})" if rule.references else rule.name
    return f"| `{rule.kind}` | {named} | {confidence} | {rule.ownership.lower()} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(load()), encoding="utf-8")
