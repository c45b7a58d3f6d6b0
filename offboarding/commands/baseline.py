"""`offkey baseline create|ignore|export`: keep what is known out of `offkey scan` and the hook.

`create` writes .offkey.baseline, `ignore PATH:LINE` adds to .offkeyignore; both hold salted hashes and no values.
`export --format detect-secrets` writes that tool's baseline, whose hashes are not salted. The gate, `offkey plan`,
`offkey stores` and `offkey verify` excuse nothing, whatever these files say.
"""

import argparse
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from offboarding.configuration import scansettings
from offboarding.excused import of_today, top, value_of
from offboarding.scanned import Scanned, check_output, tell_unread
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import ephemeral_key
from offkey.found import Finding
from rules import RuleSet
from scanner import baseline
from scanner.baseline import Entry, Salt
from scanner.matching.rulecache import load_all
from scanner.output.printable import printable
from scanner.repository.gitenv import user_cache
from scanner.repository.sources import open_target
from scanner.scan import Options, scan

_WARNING = (
    "detect-secrets' baselines hold bare SHA-1: whoever reads the file can guess at values without limit. Passwords "
    "and what else could be guessed were left out. `offkey baseline create` writes one with salted hashes."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey baseline`."""
    parser.add_argument("what", choices=("create", "ignore", "export"), help="create, ignore or export")
    parser.add_argument(
        "places", nargs="*", metavar="PATH", help="the repository (default: this one); for ignore PATH:LINE in it"
    )
    parser.add_argument("--repo", type=Path, default=Path(), metavar="PATH", help="ignore: the repository")
    parser.add_argument("--reason", default="", metavar="TEXT", help="ignore: why, as a comment above the line")
    parser.add_argument("--format", choices=("detect-secrets",), help="export: whose baseline to write")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write there, not to the file's usual place")
    parser.add_argument(
        "--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="further rules"
    )


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Raises UsageError for a wrong call, and what a scan raises."""
    check_output(args.output)
    scansettings.load(args.config, user_cache())
    ruleset = load_all([str(path) for path in args.rules], cache=user_cache())
    tell_unread(ui, ruleset)
    if args.what == "ignore":
        return _ignore(args, ruleset, ui)
    if len(args.places) > 1:
        raise UsageError("one repository at a time", advice=f"name one for `baseline {args.what}`")
    place = args.places[0] if args.places else "."
    if not Path(place).is_dir():
        raise UsageError(f"{place}: is no folder", advice="name a repository")
    if args.what == "create":
        return _create(place, args.output, ruleset, ui)
    if not args.format:
        raise UsageError("export in which format?", advice="say --format detect-secrets")
    return _export(place, args.output, ruleset, ui)


def _scanned(place: str, ruleset: RuleSet, *, history: str) -> Scanned:
    options = Options(jobs=os.cpu_count() or 1, history=history)
    return Scanned(scan([open_target(place)], ruleset, ephemeral_key(), options), {}, b"")


def _create(place: str, output: Path | None, ruleset: RuleSet, ui: UI) -> Exit:
    file = output or top(place) / baseline.OURS
    salt = baseline.salt_of(str(file)) or Salt(secrets.token_bytes(baseline.SALT_SIZE))
    with ui.progress("Scanning"):
        done = _scanned(place, ruleset, history="all")
        entries = _entries(done.result.findings, done, salt)
    _written(file, baseline.document(salt, entries))
    _say(ui, f"{len(done.result.findings)} credentials in {len({e.path for e in entries})} files are known to {file}")
    for gap in done.result.gaps:
        _say(ui, f"not looked at: {gap.where}: {gap.why}")
    return Exit.GAPS if done.result.gaps else Exit.DONE


def _entries(findings: Sequence[Finding], done: Scanned, salt: Salt) -> list[Entry]:
    valued = [(finding, value) for finding in findings if (value := value_of(finding, done.text)) is not None]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        hashes = list(pool.map(lambda pair: salt.hashed(pair[0].kind, pair[1]), valued))
    return [
        Entry(path, finding.kind, salt, hash_)
        for (finding, _), hash_ in zip(valued, hashes, strict=True)
        for path in sorted({place.path for place in finding.places})
    ]


def _ignore(args: argparse.Namespace, ruleset: RuleSet, ui: UI) -> Exit:
    """Add what stands at each PATH:LINE in the files of today to the ignore file."""
    wanted = [_place(text) for text in args.places]
    if not wanted:
        raise UsageError("ignore what?", advice="say PATH:LINE, as the hook and `offkey scan` print it")
    file = args.output or top(str(args.repo)) / baseline.IGNORED
    before = baseline.ignored(str(file))
    salt = before[0].salt if before else Salt(secrets.token_bytes(baseline.SALT_SIZE))
    done = _scanned(str(args.repo), ruleset, history="none")
    lines = []
    for path, line in wanted:
        there = [f for f in done.result.findings if any((p.path, p.line) == (path, line) for p in f.places)]
        if not there:
            raise UsageError(f"{path}:{line}: no credential is found there", advice="name the line as a scan shows it")
        entries = [e for e in _entries(there, done, salt) if e.path == path and e not in before]
        reason = " ".join(args.reason.split())
        lines += [f"# {reason}"] * bool(entries and reason) + [baseline.ignore_line(entry) for entry in entries]
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    _written(file, text + "".join(f"{line}\n" for line in lines))
    _say(ui, f"{len([line for line in lines if not line.startswith('#')])} added to {file}")
    return Exit.DONE


def _place(text: str) -> tuple[str, int]:
    path, _, line = text.rpartition(":")
    if not path or not line.isdecimal():
        raise UsageError(f"{text}: is no PATH:LINE", advice="write src/settings.py:12")
    return Path(path).as_posix(), int(line)


def _export(place: str, output: Path | None, ruleset: RuleSet, ui: UI) -> Exit:
    from offboarding import exporting  # detect-secrets takes a while to import

    file = output or top(place) / baseline.THEIRS
    done = _scanned(place, ruleset, history="none")
    found = [finding for finding in done.result.findings if any(of_today(place) for place in finding.places)]
    made = exporting.detect_secrets(top(place), found, done.text, ruleset, datetime.now(UTC))
    _written(file, made.text)
    _say(ui, f"{made.written} of {len(found)} credentials are in {file}; {made.guessable} could be guessed at and")
    _say(ui, f"{made.unseen} are seen by no detector of detect-secrets: they were left out")
    _say(ui, _WARNING)
    return Exit.DONE


def _written(file: Path, text: str) -> None:
    """Written whole, with the mode of any other file of a repository: it is to be committed."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{file}: {error.strerror}", advice="name a file in a folder that you can write") from error


def _say(ui: UI, line: str) -> None:
    ui.err.print(printable(line), markup=False, highlight=False, soft_wrap=True)
