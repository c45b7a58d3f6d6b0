"""`offkey-hook`: stops a commit that would add a credential. The pre-commit hook's own light entry point.

It looks at what is staged, not at the work tree, and speaks up only for lines that the commit adds or changes: an old
secret elsewhere in the file must not block today's work (`offkey scan` finds it). Whoever runs it waits for it at
every commit, so nothing heavy is imported before there is something to report.

Exit codes follow pre-commit's convention: 0 nothing found, 1 found; 2 the call is wrong, or git, a rule file or the
baseline cannot be read. Binary files and those above `staged.LIMIT` are named on standard error and stop nothing: they
are data, which nobody types a key into, and `offkey scan` looks at them.
"""

import os
import re
import sys
from collections.abc import Sequence

from offkey.errors import OffkeyError
from rules.drawn import BEHIND, windows
from rules.light import GENERIC, TOLD, LightRule, Shelf, named, taken
from rules.record import Record
from scanner import staged
from scanner.matching.rulecache import load
from scanner.repository.gitenv import pre_commit_range, user_cache

# What is needed only once there is something to say is imported there: this module is loaded at every commit.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from rules.match import Match

NOTHING, FOUND, FAILED = 0, 1, 2
_BEGINNING = 3
"""Bytes of a keyword that are looked up first."""
CONFIDENCE = {"low": 1, "medium": 2, "high": 3}

ADVICE = """
Take it out: read the value from the environment or a secret manager, then `git add` the file again.
Was it ever pushed or shared? Then revoke it at its issuer first; removing it from the code does not end it.
No secret? Write `offkey:allow` or `pragma: allowlist secret` in a comment on that line (`offkey:allow nextline` on the
line before), or have it ignored: `offkey baseline ignore PATH:LINE`; all that is known: `offkey baseline create`.
"""


class Options(Record):
    """How to look. `revisions` is what `git diff` compares: the index, or `A...B` when pre-commit checks a range."""

    files: tuple[str, ...] = ()
    all_lines: bool = False
    baseline: str = ""
    rules: tuple[str, ...] = ()
    confidence: str = "medium"
    revisions: tuple[str, ...] = ("--cached",)


class Hit(Record):
    """One credential on a line that the commit adds. `value` is the part that authenticates."""

    path: str
    line: int
    kind: str
    value: bytes


def _shown(text: str) -> str:
    from scanner.output.printable import printable

    return printable(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Look at the staged files and say what is in them. Returns the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        options = _options(words)
        hits, skipped = look(options)
    except OffkeyError as error:
        advice = f"\n  {error.advice}" if error.advice else ""
        sys.stderr.write(f"offkey-hook: {_shown(str(error))}{advice}\n")
        return FAILED
    for path, why in skipped:
        sys.stderr.write(f"offkey-hook: not looked at: {_shown(path)}: {why}\n")
    if not hits:
        return NOTHING
    try:
        _report(hits)
        sys.stdout.flush()
    except (OSError, AttributeError):  # standard output is full or closed: the exit code still stops the commit
        sys.stdout = None
        sys.stderr.write(f"offkey-hook: {len(hits)} found, but they cannot be printed\n")
    return FOUND


def look(options: Options) -> tuple[list[Hit], list[tuple[str, str]]]:
    """The credentials that the commit would add, and files that were skipped with the reason.

    Raises OffkeyError when something could not be looked at.
    """
    with staged.Blobs() as blobs:
        rules = load(options.rules, user_cache())
        wanted = _wanted(options)
        contents = list(blobs.read(wanted))
    hits = []
    renamed: dict[str, str] | None = None
    for content, matches in _matches(rules, contents, CONFIDENCE[options.confidence]):
        change = content.change
        if not change.old and not change.whole and not options.all_lines:
            if renamed is None:
                renamed = staged.renamed_from(options.revisions)
            change = change._replace(old=renamed.get(change.path, ""))
        hits += _new_ones(content.data, matches, change, options.all_lines)
    if hits:
        hits = _not_in_baseline(hits, options.baseline)
    return hits, [(content.change.path, content.skipped) for content in contents if content.skipped]


def _wanted(options: Options) -> list[staged.Change]:
    """The staged changes among the named files, or all of them. A named file without a change is looked at whole."""
    changed = staged.changes(options.revisions)
    if not options.files:
        return changed
    prefix = staged.prefix()
    named = {os.path.normpath(os.path.join(prefix, name)) for name in options.files}
    known = {change.path for change in changed}
    if not named <= known:
        # `pre-commit run --all-files` names everything; at a commit all names are staged and this costs nothing.
        changed = changed + [change for change in staged.in_index(options.files) if change.path not in known]
    return [change for change in changed if change.path in named]


def _meant(matches: "list[Match]", path: str) -> "list[Match]":
    """The matches without those that names alone tell where made-up values stand: in tests, examples, lock files."""
    if all(not match.kind.startswith(TOLD) for match in matches):
        return matches
    from scanner.matching.generic import made_up

    return [match for match in matches if not match.kind.startswith(TOLD)] if made_up(path) else matches


def _likely(rules: Shelf, text: bytes) -> list[LightRule]:
    """The rules of which a keyword stands in a text in lower case; of what a name announces, near a value."""
    # Code repeats its words: each once is a fraction of the text, and most keywords begin like none of them.
    words = b"\n".join(set(text.split()))
    begins = {words[at : at + _BEGINNING] for at in range(len(words))}

    def stands(word: bytes) -> bool:
        if b" " in word:
            return word in text
        return (len(word) < _BEGINNING or word[:_BEGINNING] in begins) and word in words

    likely = [taken(rule) for rule in rules.plain if any(map(stands, rule.keywords))]
    # Of most commits this is nothing.
    if around := b"\n".join(text[low:high] for low, high in windows(text, rules.lead, BEHIND)):
        likely += [taken(rule) for rule in named(rules) if any(word in around for word in rule.keywords)]
    return likely


def _fits(rule: LightRule, contents: Sequence[staged.Content]) -> bool:
    """Whether a rule's pattern fits somewhere; of those told by names this is not asked."""
    return bool(rule.context) or any(re.search(rule.pattern, content.data) for content in contents)


def _matches(
    rules: Shelf, contents: Sequence[staged.Content], least: int
) -> "list[tuple[staged.Content, list[Match]]]":
    """Contents with their confirmed matches. Keywords are looked for in all contents at once: mostly none occurs."""
    joined = b"\n".join(content.data for content in contents).lower()
    likely = [rule for rule in _likely(rules, joined) if _fits(rule, contents)]
    if not likely:
        return []
    from rules.match import find, resolve

    found = []
    for content in contents:
        lower = content.data.lower()
        here = [rule for rule in likely if any(word in lower for word in rule.keywords)]
        matches = resolve(match for rule in here for match in find(rule, content.data))
        kept = [match for match in matches if CONFIDENCE[match.confidence] >= least]
        if kept := _meant(kept, content.change.path):
            found.append((content, kept))
    return found


def _new_ones(data: bytes, matches: "list[Match]", change: staged.Change, all_lines: bool) -> list[Hit]:
    """Matches that touch a changed line and are not allowed by a pragma."""
    from scanner.matching.pragma import allowed

    everything = all_lines or change.whole or not change.old
    changed = [] if everything else staged.changed_lines(change.old, change.new)
    hits = []
    for match in matches:
        lines = [range(_line(data, start), _line(data, end - 1) + 1) for _, start, end in match.spans]
        touched = everything or any(a.start < b.stop and b.start < a.stop for a in lines for b in changed)
        if touched and not any(allowed(data, start) for _, start, _ in match.spans):
            by_name = {part: data[start:end] for part, start, end in match.spans}
            value = by_name.get("secret", data[match.start : match.end])
            hits.append(Hit(change.path, lines[0].start, match.kind, value))
    return hits


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _not_in_baseline(hits: list[Hit], named: str) -> list[Hit]:
    """Hits that no baseline and no ignore file lists for their file."""
    from scanner import baseline

    known = baseline.at_top(staged.top(), named)
    # What names tell in these files themselves are the hashes.
    told = [hit for hit in hits if not (hit.kind.startswith(GENERIC) and os.path.basename(hit.path) in baseline.FILES)]
    return [hit for hit in told if not known.where(hit.kind, hit.value, [hit.path])]


def _report(hits: list[Hit]) -> None:
    from offkey.secret import redact

    count = f"{len(hits)} credential{'s' if len(hits) > 1 else ''}"
    lines = [f"offkey: this commit would add {count}", ""]
    lines += [f"{_shown(hit.path)}:{hit.line}: {hit.kind} {redact(hit.value)}" for hit in hits]
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a commit must not fail over a terminal without UTF-8
    sys.stdout.write("\n".join(lines) + "\n" + ADVICE)


def _options(words: Sequence[str]) -> Options:
    if any(word.startswith("-") for word in words):
        args = _parser().parse_args(words)
        options = Options(tuple(args.files), args.all_lines, args.baseline, tuple(args.rules), args.confidence)
    else:
        options = Options(tuple(words))
    revisions = pre_commit_range()
    return options._replace(revisions=revisions) if revisions else options


def _parser() -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(
        prog="offkey-hook",
        description="Stop a commit that would add a credential. Looks at staged content, offline.",
        epilog="Exit codes: 0 nothing found; 1 found; 2 wrong call, or git, a rule file or the baseline is unreadable. "
        f"Binary files and those above {staged.LIMIT >> 20} MiB are named on standard error and do not stop a commit "
        "(`offkey scan` looks at them). At the top of the repository .offkey.baseline, .offkeyignore and "
        ".secrets.baseline of detect-secrets are honoured.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="staged files to look at (default: all of them)")
    parser.add_argument("--all-lines", action="store_true", help="look at whole files, not only at changed lines")
    parser.add_argument("--baseline", default="", metavar="FILE", help="this baseline, not those at the top")
    parser.add_argument("--rules", action="append", default=[], metavar="FILE", help="further rules; may be repeated")
    parser.add_argument(
        "--confidence", choices=tuple(CONFIDENCE), default="medium", help="the least to report (default: medium)"
    )
    return parser
