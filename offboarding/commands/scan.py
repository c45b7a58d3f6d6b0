"""`offkey scan`: find credentials, say where they are and who brought them in.

Exit code: 10 when anything is reported (gaps or not: what was found is the more urgent), else 3 when nothing was
examined, else 14 when something could not be looked at, else 0. Of several targets one that cannot be opened is such
a gap. A --person whom no commit and no directory knows changes nothing about what was examined: it is a warning.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from offboarding import scanned, sure
from offboarding.configuration import scansettings
from offboarding.configuration.scansettings import ScanSettings
from offboarding.gate import options as gate
from offboarding.identity import whose
from offboarding.memory import ScanMemory
from offboarding.scanned import Scanned
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.fingerprint import OrgKey, ephemeral_key
from offkey.found import Finding, Gap
from rules import RuleSet
from scanner.matching.rulecache import load_all
from scanner.output.printable import printable
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.git import Git
from scanner.repository.gitenv import user_cache
from scanner.repository.giterrors import GitError, GitMissing
from scanner.repository.sources import Target, open_target
from scanner.scan import Examined, Options, ScanResult, scan

FORMATS = ("table", "json", "jsonl", "sarif", "csv")
MATCHERS = {"auto": "auto", "hyperscan": "hyperscan", "re": "keyword"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey scan`."""
    parser.add_argument(
        "targets", nargs="+", metavar="PATH|URL|-", help="repository, folder, file, clone URL, or - for standard input"
    )
    what = parser.add_argument_group("what to look at")
    what.add_argument("--since", metavar="REV", help="leave out what this commit, branch or tag already held")
    what.add_argument("--staged", action="store_true", help="only files that a commit made now would add or change")
    what.add_argument("--history", choices=("all", "none"), default="all", help="look at git's objects (default: all)")
    what.add_argument("--no-worktree", action="store_true", help="leave out files, the index and .git/config")
    what.add_argument("--ci", action="store_true", help="also what CI and deployment hold and name, and their jobs")
    what.add_argument("--exhaustive", action="store_true", help="read every object through git itself; slower")
    what.add_argument("--no-kernel", action="store_true", help="without the compiled part; same findings, slower")
    what.add_argument("--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="more rules")
    known = what.add_mutually_exclusive_group()
    known.add_argument("--baseline", type=Path, metavar="FILE", help="known findings: this, not the files at the top")
    known.add_argument("--no-baseline", action="store_true", help="also what a baseline or .offkeyignore knows")
    what.add_argument("--generic", action="store_true", help="also what a name alone tells, with low confidence")
    gate.add_options(parser)
    show = parser.add_argument_group("what to show")
    show.add_argument("--person", metavar="EMAIL", help="only what a commit of this person brought in")
    show.add_argument("--confidence", choices=sure.LEVELS, help="at least (default: medium; with --generic low)")
    show.add_argument("--new-only", action="store_true", help="only what no earlier scan has reported")
    show.add_argument("--explain", action="store_true", help="why each is a credential, and whose, and all its places")
    show.add_argument("--show-secrets", action="store_true", help="print the values themselves")
    show.add_argument("--format", choices=FORMATS, default="table", help="default: table, also when piped")
    show.add_argument("--output", "-o", type=Path, metavar="FILE", help="write there (mode 0600) and not to the screen")
    state = parser.add_mutually_exclusive_group()
    state.add_argument("--state", type=Path, metavar="DIR", help="where earlier findings are remembered")
    state.add_argument("--no-state", action="store_true", help="neither read nor remember earlier findings")
    how = parser.add_argument_group("how to work")
    how.add_argument("--jobs", "-j", type=_jobs, metavar="N", help="processes (default: one for each processor)")
    how.add_argument("--matcher", choices=tuple(MATCHERS), default="auto", help="same findings; hyperscan is faster")
    how.add_argument("--start-method", choices=("fork", "spawn"), help="how worker processes start")


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; at least 1")
    return int(text)


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Scan, filter, remember, show. Raises OffkeyError for a wrong call or a target that cannot be opened."""
    scanned.check_output(args.output)
    gated = gate.wanted(args)
    settings = scansettings.load(args.config, user_cache())
    ruleset = load_all([str(path) for path in args.rules], generic=args.generic, cache=user_cache())
    scanned.tell_unread(ui, ruleset)
    own_key = settings.org_key()
    _check_memory(args, own_key, ui)
    with ExitStack() as stack:
        memory = None
        if own_key is not None and not args.no_state:
            memory = stack.enter_context(closing(ScanMemory.open(settings.state_dir(args.state))))
        done = _scan(args, ui, ruleset, own_key or ephemeral_key(), stack=stack, memory=memory)
        if gated:
            from offboarding.gate.check import gated_by  # reads directory and ledger, which no other scan needs

            done, findings = gated_by(args, ui, done, ruleset)
        else:
            done = _news(done, args)
            findings = _chosen(args, ui, done, settings)
        if not gated and (args.explain or args.person is not None):
            findings = _surrounded(done, findings, ruleset)
        if memory is not None and not gated:
            findings = tuple(memory.remember(findings, datetime.now(UTC), ruleset.digest))
        if args.new_only:
            findings = tuple(finding for finding in findings if finding.new)
        if not gated:
            findings = sure.enough(findings, args.confidence or ("low" if args.generic else sure.USUAL), ui)
        code = _exit_code(findings, done.result)
        look = scanned.Look(
            args.format,
            explain=args.explain or gated,
            reasons=args.explain,
            show_secrets=args.show_secrets,
            ephemeral=own_key is None,
            exit_code=code,
        )
        scanned.show(ui, look, scanned.Report(done, findings, ruleset), args.output)
    if code is Exit.NOTHING_EXAMINED:
        ui.err.print("offkey: nothing was examined: no object and no file is in what was named", style="bold red")
    return code


def _news(done: Scanned, args: argparse.Namespace) -> Scanned:
    """The scan without what a baseline or an ignore file knows; counted like what comments excuse."""
    if args.no_baseline:
        return done
    from offboarding.excused import without_known

    left = without_known(done, done.result.findings, args.baseline)
    if not left.count:
        return done
    examined = replace(done.result.examined, suppressed=done.result.examined.suppressed + left.count)
    return replace(done, result=replace(done.result, findings=left.findings, examined=examined))


def _check_memory(args: argparse.Namespace, own_key: OrgKey | None, ui: UI) -> None:
    """Without the organisation's key a fingerprint means nothing to the next scan."""
    advice = "make an organisation key with `offkey doctor --init`"
    if args.new_only and args.no_state:
        raise UsageError("--new-only needs to remember earlier scans", advice="leave out --no-state")
    if own_key is None and args.new_only:
        raise UsageError("--new-only needs an organisation key to know what is new", advice=advice)
    if own_key is None and args.state is not None:
        ui.err.print(f"Nothing is remembered in {args.state}: {advice}", style="yellow", markup=False)


def _scan(
    args: argparse.Namespace, ui: UI, ruleset: RuleSet, key: OrgKey, *, stack: ExitStack, memory: ScanMemory | None
) -> Scanned:
    stdin = _standard_input() if "-" in args.targets else b""
    targets, unopened = _targets(args, stdin, ui, stack)
    cloned = {target.name: target.git.path for target in targets if target.git is not None and is_url(target.name)}
    options = _options(args)
    expected = sum(_object_count(target) for target in targets) if options.history == "all" and ui.watched else 0
    with ui.progress("Scanning") as advance:

        def progress(seen: Examined) -> None:
            done = seen.objects + seen.files
            advance(done, max(done, expected), f"{seen.bytes >> 20} MiB")

        def attributing(done: int, total: int) -> None:
            advance(done, total, "commits, to see who introduced what")

        told = partial(scan, progress=progress, attributing=attributing)
        result = told(targets, ruleset, key, options, unopened=unopened, vault=memory)
    done = Scanned(result, cloned, stdin)
    return _with_usage(done, args, ui, ruleset, targets) if args.ci else done


def _targets(args: argparse.Namespace, stdin: bytes, ui: UI, stack: ExitStack) -> tuple[list[Target], list[Gap]]:
    """What is named, each once, and a Gap for each of several that cannot be opened; a single one's error is raised."""
    targets: list[Target] = []
    unopened: list[Gap] = []
    names = list(dict.fromkeys(args.targets))
    for name in names:
        try:
            targets.append(_opened(name, stdin, ui, stack, staged=args.staged))
        except (UsageError, GitError) as error:
            if len(names) == 1 or isinstance(error, GitMissing):
                raise
            unopened.append(Gap(where=without_credentials(name), why=str(error), advice=error.advice))
    return targets, unopened


def _options(args: argparse.Namespace) -> Options:
    return Options(
        jobs=args.jobs or _processors(),
        worktree=not args.no_worktree and not args.staged,
        history="none" if args.staged else args.history,
        since=args.since,
        staged=args.staged,
        excuse=not gate.wanted(args),  # whoever writes the line does not decide whether it may ship
        exhaustive=args.exhaustive,
        compiled=not args.no_kernel,
        matcher=MATCHERS[args.matcher],
        start_method=args.start_method,
    )


def _with_usage(
    done: Scanned, args: argparse.Namespace, ui: UI, ruleset: RuleSet, targets: Sequence[Target]
) -> Scanned:
    """The same with the jobs that use each finding, and the secrets that jobs name."""
    from scanner.pipelines import used  # reads YAML, which no other scan needs

    with ui.progress("Reading CI configuration") as advance:
        found = used.look(
            targets,
            done.result.findings,
            ruleset,
            worktree=not args.no_worktree,
            matcher=MATCHERS[args.matcher],
            tell=lambda what, number, total: advance(number, total, what),
        )
    gaps = tuple(sorted({*done.result.gaps, *found.gaps}, key=lambda gap: (gap.where, gap.why)))
    return replace(done, result=replace(done.result, findings=found.findings, gaps=gaps), used=found)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise UsageError("-: standard input is closed", advice="pipe something in, or name a file")
    return sys.stdin.buffer.read()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _opened(name: str, stdin: bytes, ui: UI, stack: ExitStack, *, staged: bool) -> Target:
    if is_url(name):
        shown = without_credentials(name)
        with ui.progress(f"Cloning {shown}"):
            target = Target(shown, git=stack.enter_context(temporary_mirror(name)))
    else:
        target = open_target(name, stdin=stdin)
    if staged and (target.git is None or target.git.bare):
        raise UsageError(f"{target.name}: has no index", advice="--staged needs a repository with a work tree")
    return target


def _object_count(target: Target) -> int:
    """How many objects a repository says it has; for the progress bar alone."""
    if target.git is None:
        return 0
    lines = target.git.run("count-objects", "-v", check=False).decode("ascii", "replace").splitlines()
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    return sum(int(told[name]) for name in ("count", "in-pack") if told.get(name, "").isdigit())


def _chosen(args: argparse.Namespace, ui: UI, done: Scanned, settings: ScanSettings) -> tuple[Finding, ...]:
    findings = whose.with_owners(done.result.findings, settings.owners)
    if args.person is None:
        return findings
    from offboarding.configuration import config
    from offboarding.identity import authors, directory, overrides, people  # they take as long as a second scan

    told = config.load(args.config).directory
    known = directory.load(told.people, told.exports)
    decided = overrides.load(told.overrides)
    for gap in (*known.gaps, *overrides.unheeded(decided, known, told.overrides)):
        warning = printable(f"{gap.where}: {gap.why}; {gap.advice}")
        ui.err.print(warning, style="yellow", markup=False, highlight=False, soft_wrap=True)
    person = people.resolve(args.person, known, whose.authors(findings), overrides=decided)
    kept = whose.of_person(findings, person)
    nobodys = sum(finding.introduced is None for finding in findings)
    if nobodys:
        ui.err.print(f"{nobodys} of {len(findings)} findings have no commit that names an author; not shown")
    if not kept and known.find(args.person) is None:
        places = [str(done.clones.get(name, name)) for name in done.result.targets if name != "-"]
        if not whose.named(args.person, authors.in_repositories(places)[0]):
            warning = f"{args.person} is in no commit that could be read, and not in the directory: is it spelt right?"
            ui.err.print(warning, style="yellow", markup=False, highlight=False, soft_wrap=True)
    return kept


def _surrounded(done: Scanned, findings: Sequence[Finding], ruleset: RuleSet) -> tuple[Finding, ...]:
    """The findings with what the files around their values say of an owner."""
    from scanner.claims.around import with_surroundings
    from scanner.matching.matcher import masking

    gits = {}
    for name in {place.repo for finding in findings for place in finding.places if place.object_type == "blob"}:
        with suppress(OffkeyError):  # the scan itself has said so
            gits[name] = Git(done.clones.get(name) or Path(name))
    return with_surroundings(findings, done.text, gits, masking(ruleset))


def _exit_code(findings: Sequence[Finding], result: ScanResult) -> Exit:
    if findings:
        return Exit.OPEN
    if result.examined.nothing:
        return Exit.NOTHING_EXAMINED
    return Exit.GAPS if result.gaps else Exit.DONE
