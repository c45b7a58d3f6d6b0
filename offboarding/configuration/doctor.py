"""Is everything in place? Looks at configuration, tools, state and providers; makes the state folder, no more.

Providers are asked by their revokers' own read of an identity, through a Reader: a write cannot be sent from here.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from offboarding.approval import signing
from offboarding.configuration import config, instances
from offboarding.configuration.config import Config
from offboarding.configuration.installation import foreign_packages
from offboarding.configuration.instances import family
from offboarding.identity import directory, overrides
from offboarding.ledger import keys
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.ownership import facts
from offboarding.rotation.entries import Entry
from offboarding.state import CONFIGURATION
from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.model import Credential, Gap, Liveness
from offkey.secret import Secret
from scanner.repository.clone import is_url
from scanner.repository.git import Git, run_git

OLDEST_GIT = (2, 36)
"""Git is asked for `safe.directory` and `--show-object-format`; older ones lack part of it."""
LEAST_ROOM = 200 << 20
ASKED_AS = {
    "github": ((b"ghs_", "github.app.installation"), (b"", "github.pat.classic")),
    "slack": ((b"xoxb-", "slack.bot"), (b"", "slack.user")),
}
"""The kind as which a provider's read credential is asked who it is: the first whose prefix it has."""


@dataclass(frozen=True, slots=True)
class Result:
    """`state` is ok, warn or fail."""

    what: str
    state: str
    detail: str
    advice: str = ""


def ok(what: str, detail: str) -> Result:
    return Result(what, "ok", detail)


def warn(what: str, detail: str, advice: str) -> Result:
    return Result(what, "warn", detail, advice)


def fail(what: str, detail: str, advice: str) -> Result:
    return Result(what, "fail", detail, advice)


def examine(path: Path | None, state: Path | None = None) -> Iterator[Result]:
    """Every check in order. `path` and `state` as for any command; nothing raises for what is found wrong."""
    yield from _guarded("packages", _packages)
    yield from _guarded("git", _git)
    yield from _guarded("ssh-keygen", _ssh_keygen)
    yield from _guarded("hyperscan", _hyperscan)
    try:
        settings = config.load(path)
    except OffkeyError as error:
        yield fail("configuration", str(error), error.advice)
        return
    yield _configuration(path)
    yield from _guarded("organisation key", lambda: _organisation_key(settings))
    yield from _guarded("directory", lambda: _directory(settings))
    yield from _guarded("evidence", lambda: _evidence(settings))
    yield from _guarded("approvers", lambda: _approvers(settings))
    yield from _guarded("state", lambda: _state(settings, state))
    yield from _guarded("ledger", lambda: _sinks(settings))
    for place in settings.repositories.paths:
        yield from _guarded(f"repository {place}", lambda place=place: _repository(place))  # type: ignore[misc]
    for name in sorted(settings.providers):
        yield from _guarded(f"provider {name}", lambda name=name: _provider(settings, name))  # type: ignore[misc]
    for entry in settings.rotation:
        yield _rotation(settings, entry)


def _guarded(what: str, look: Callable[[], Result]) -> Iterator[Result]:
    try:
        yield look()
    except OffkeyError as error:
        yield fail(what, str(error), error.advice)


def _packages() -> Result:
    foreign = foreign_packages()
    if foreign:
        advice = "install offkey in an environment of its own: `uv tool install offkey` or `pipx install offkey`"
        return fail("packages", "; ".join(foreign), advice)
    return ok("packages", "all five lie beside each other and are offkey's alone")


def _git() -> Result:
    said = run_git("version").decode().strip()
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if not numbers or (int(numbers[1]), int(numbers[2])) < OLDEST_GIT:
        return warn("git", said, f"use git {'.'.join(map(str, OLDEST_GIT))} or later")
    return ok("git", said)


def _ssh_keygen() -> Result:
    signing.try_out()
    return ok("ssh-keygen", "signs and verifies")


def _evidence(settings: Config) -> Result:
    told = settings.directory
    given = facts.sources(told.allowed_signers, told.gpg_keyring, told.push_log)
    if told.gpg_keyring is not None and shutil.which("gpgv") is None:
        return warn("evidence", "OpenPGP signatures cannot be verified: gpgv was not found", "install gpgv")
    counts = f"{len(given.signers.keys)} signing keys, {len(given.pushes)} pushes"
    return ok(
        "evidence", counts if given.signers.configured or given.pushes else "no signers and no push log are named"
    )


def _hyperscan() -> Result:
    slower = "nothing to do: keywords and `re` give the same findings, more slowly"
    try:
        import hyperscan
    except ImportError as error:
        return warn("hyperscan", f"not here: {error}", slower)
    hits: list[int] = []
    try:
        database = hyperscan.Database()
        database.compile(expressions=[b"offkey[0-9]"], ids=[7], elements=1, flags=[0])
        database.scan(b"an offkey1 here", match_event_handler=lambda ident, *_: hits.append(ident))
    except hyperscan.error as error:
        return warn("hyperscan", f"cannot be used on this processor: {error}", slower)
    if hits != [7]:
        return fail("hyperscan", "is installed and finds nothing", "reinstall it, or scan with `--matcher re`")
    return ok("hyperscan", "compiles and matches")


def _configuration(path: Path | None) -> Result:
    if path is None and not CONFIGURATION.is_file():
        return warn("configuration", "there is no offkey.toml here", "`offkey doctor --init` writes a first one")
    return ok("configuration", str(path or CONFIGURATION))


def _organisation_key(settings: Config) -> Result:
    key = settings.org_key()
    if key is None:
        advice = "`offkey doctor --init` makes one; without it there are no plans"
        return warn("organisation key", "none is configured", advice)
    return ok("organisation key", f"key id {key.id}")


def _directory(settings: Config) -> Result:
    listed = directory.load(settings.directory.people, settings.directory.exports)
    entries, recorded = listed.entries, overrides.load(settings.directory.overrides)
    decided = len(recorded.decisions)
    if gaps := (*listed.gaps, *overrides.unheeded(recorded, listed, settings.directory.overrides)):
        return warn("directory", "; ".join(f"{gap.where}: {gap.why}" for gap in gaps), gaps[0].advice)
    if not entries:
        return warn(
            "directory", "nobody is listed", "fill people.yaml: only what stands there ties accounts to a person"
        )
    gone = sum(entry.left_at is not None for entry in entries)
    return ok("directory", f"{len(entries)} entries, {gone} with a leaving date, {decided} decisions")


def _approvers(settings: Config) -> Result:
    register = settings.approvers.register_file
    if register is None:
        return warn(
            "approvers", "no register is configured", "set `register` under [approvers]; nothing can be applied"
        )
    listed = signing.read_register(register)
    if register.stat().st_mode & 0o022:
        return fail("approvers", f"{register} can be changed by others", f"run `chmod go-w {register}`")
    requester = settings.organisation.requester.casefold()
    if not listed:
        return warn("approvers", "nobody is listed", f"add a line for each approver to {register}")
    if not set(listed) - {requester}:
        return warn("approvers", "nobody but the requester could approve", f"list somebody else in {register}")
    return ok("approvers", f"{len(listed)}: {', '.join(sorted(listed))}")


def _state(settings: Config, override: Path | None) -> Result:
    folder = settings.state_dir(override)
    room = shutil.disk_usage(folder).free
    store = opened(settings, folder)
    try:
        verdict = Ledger(store, lambda: datetime.now(UTC), "offkey doctor").verify()
    finally:
        store.close()
    if not verdict.ok:
        return fail("state", f"{folder}: {verdict.text}", "restore the ledger from a copy; see `offkey ledger verify`")
    if room < LEAST_ROOM:
        return warn("state", f"{folder}: only {room >> 20} MiB left", "make room: without a ledger nothing is done")
    mode = f"mode {os.stat(folder).st_mode & 0o777:04o}"
    return ok("state", f"{folder}, {mode}, {room >> 20} MiB free, {verdict.events} ledger events")


def _sinks(settings: Config) -> Result:
    """Whether checkpoints go where this host cannot rewrite them."""
    signer = keys.signer(settings)
    if signer is None or not settings.ledger.sink:
        return warn("ledger", "no checkpoint goes elsewhere", "`offkey ledger init`, then [[ledger.sink]]")
    return ok("ledger", f"{signer.verifier.vkey}, {len(settings.ledger.sink)} sinks")


def _repository(place: str) -> Result:
    what = f"repository {place}"
    if is_url(place):
        return ok(what, "is cloned when it is needed")
    git = Git(Path(place))
    return ok(what, f"{'bare' if git.bare else 'with work tree'}, {git.object_format}")


def _provider(settings: Config, name: str) -> Result:
    what = f"provider {name}"
    given = settings.provider_settings(name, write=False)
    if isinstance(given, Gap):
        return fail(what, given.why, given.advice)
    unset = "" if settings.providers[name].write else "; no write credential: nothing can be applied here"
    from offboarding.configuration import providers

    reader = providers.reader(name, given)
    if family(name) == "aws":
        from revokers import aws_iam

        return ok(what, f"reads as account {aws_iam.admin(reader, given, given.read).account}{unset}")
    return _asked(what, name, reader, given.read, unset)


def _rotation(settings: Config, entry: Entry) -> Result:
    """Whether the tables that a rotation needs have a write credential, and what that must be allowed."""
    from revokers.rotation.registry import MAKERS, STORES

    what = f"rotation of {entry.kind} {entry.id or entry.holder}{instances.words(entry.at)}"
    maker = next(maker for maker in MAKERS.values() if entry.kind in maker.KINDS)
    used = dict.fromkeys((entry.at, entry.store_at))
    unset = [name for name in used if name not in settings.providers or not settings.providers[name].write]
    if unset:
        advice = f"set `write` under [{instances.table(unset[0])}], or take the [[rotation]] out"
        return fail(what, f"no write credential for {unset[0]}", advice)
    needs = dict.fromkeys((*maker.NEEDS, *STORES[entry.store].NEEDS))
    where = f"{entry.store} {' '.join(entry.place.values())}{instances.words(entry.store_at)}"
    return ok(what, f"into {where}; needs {', '.join(needs)}")


def _asked(what: str, name: str, reader: Reader, token: Secret, unset: str) -> Result:
    from revokers import REGISTRY
    from revokers.parts import REFUSED

    provider = family(name)
    if provider not in ASKED_AS:
        return warn(what, "the read credential cannot be tried here", "`offkey plan` shows what it may read")
    kind = next(kind for prefix, kind in ASKED_AS[provider] if token.reveal().startswith(prefix))
    answer = REGISTRY[provider].check(reader, Credential(kind=kind, parts={"secret": token}))
    if answer.liveness is Liveness.LIVE:
        return ok(what, answer.reason + unset)
    if answer.liveness is Liveness.DEAD or answer.status == REFUSED:  # here its own instance is what refuses it
        return fail(
            what, f"the read credential is dead: {answer.reason}", f"replace `read` under [{instances.table(name)}]"
        )
    return warn(what, f"the read credential could not be tried: {answer.reason}", "check network, url and permissions")
