"""Joins what CI's secret stores hold with what jobs name and with what has leaked. Pure.

Of several stored secrets of one name a job gets the nearest: its environment's before the repository's, that before the
organisation's (docs.github.com, "Secrets reference"; docs.gitlab.com/ci/variables, "precedence"; circleci.com/docs,
"Environment variable precedence"). Only uses of today count: what stands in history alone runs no more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from offboarding.configuration.instances import family
from offkey.model import Finding, Use
from revokers.stores import EVERYWHERE, Stored
from scanner.ci.config import EVERY_SECRET, SECRET, VARIABLE, sounds_secret
from scanner.ci.jenkins import CREDENTIAL
from scanner.output.words import of_today

SYSTEMS = {
    "github.actions": "github-actions", "github.variables": "github-actions", "github.dependabot": "github-actions",
    "gitlab.variables": "gitlab-ci", "jenkins.credentials": "jenkins",
    "circleci.context": "circleci", "circleci.project": "circleci",
}  # fmt: skip
"""Which configuration names what a store holds. What Codespaces and Dependabot's own files name is not read."""
PROVIDERS = {"github-actions": "github", "gitlab-ci": "gitlab", "jenkins": "jenkins", "circleci": "circleci"}
TITLES = {
    "github.actions": "GitHub Actions secret", "github.variables": "GitHub Actions variable",
    "github.dependabot": "Dependabot secret", "github.codespaces": "Codespaces secret",
    "gitlab.variables": "GitLab CI variable", "jenkins.credentials": "Jenkins credential",
    "circleci.context": "CircleCI context variable", "circleci.project": "CircleCI project variable",
}  # fmt: skip
CONTEXT = "context"
"""How CircleCI's configuration names a context."""
UNUSED = "no job that was read names it"
_BESIDE = "github.dependabot"
_DEPENDABOT = ("push", "pull_request", "create", "deployment")
"""What Dependabot starts; its runs get Dependabot's secrets and no others (docs.github.com, Dependabot on Actions)."""
_NEAREST = ("environment", "context", "repository", "project", "folder", "group", "organisation", "instance")
_FOLDED = frozenset({"github-actions"})
"""Systems whose secrets are named without regard to case."""

Where = Mapping[str, Mapping[str, str]]
"""For each repository as it was scanned: by the provider's instance, what it is called there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A stored secret, the jobs that get it, and leaked credentials by fingerprint.

    `alike` leaked under the same name; whether they are the same value cannot be seen.
    """

    secret: Stored
    uses: tuple[Use, ...] = ()
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A name that jobs of a repository use and no store has. `doubt` says why it may be somewhere all the same."""

    system: str
    project: str
    name: str
    uses: tuple[Use, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    held: tuple[Held, ...]
    missing: tuple[Missing, ...]


def title(secret: Stored) -> str:
    """`GitHub Actions secret DEPLOY_KEY of the environment production of acme/shop`."""
    narrowed = f"the environment {secret.environment} of " if secret.environment not in ("", EVERYWHERE) else ""
    level = "" if secret.level in ("environment", "repository") else f"the {secret.level} "
    at = f" at {secret.instance}" if secret.instance else ""
    return " ".join(f"{TITLES[secret.store]} {secret.name} of {narrowed}{level}{secret.owner}{at}".split())


def join(
    stored: Sequence[Stored],
    names: Iterable[Use],
    findings: Sequence[Finding],
    where: Where,
    unread: Mapping[str, frozenset[str]],
) -> Joined:
    """What each stored secret is used by and leaked as, and the names that no store has.

    `unread` has, for each instance that was asked, the repositories of which not all stores could be read.
    """
    used = [use for use in of_today(names) if use.repo in where]
    shelf = _Shelf(stored, used, where)
    given: dict[Stored, list[Use]] = defaultdict(list)
    lost: dict[tuple[str, str, str], list[Use]] = defaultdict(list)
    for use in used:
        found = shelf.nearest(use)
        for secret in found:
            given[secret].append(use)
        project = next((path for name, path in _there(use, where) if name in unread), "")
        if project and _asks(use) and all(secret.store == _BESIDE for secret in found):
            lost[(use.system, project, shelf.fold(use))].append(use)
    known = _by_job(findings)
    held = tuple(_held(secret, tuple(dict.fromkeys(given[secret])), known) for secret in sorted(stored, key=_order))
    missing = [
        Missing(
            system=system, project=project, name=uses[0].name, uses=tuple(dict.fromkeys(uses)),
            doubt=_doubt(uses, any(project in unread[name] for name in unread if family(name) == PROVIDERS[system])),
        )
        for (system, project, _), uses in sorted(lost.items())
    ]  # fmt: skip
    return Joined(held, tuple(missing))


def _there(use: Use, where: Where) -> list[tuple[str, str]]:
    """What the repository is called at each instance of the provider whose jobs these are."""
    return [one for one in sorted(where[use.repo].items()) if family(one[0]) == PROVIDERS.get(use.system)]


def told(findings: Sequence[Finding], joined: Joined) -> tuple[Finding, ...]:
    """The findings with the jobs that get their values from a store, for the forecast of what will break."""
    more: dict[str, list[Use]] = defaultdict(list)
    for one in joined.held:
        note = f"by value: the {title(one.secret)} is the same value"
        nobody = Use(system="store", repo="", path=title(one.secret), line=0, present=True, note=f"holds it; {UNUSED}")
        for fingerprint in one.secret.equals:
            more[fingerprint] += [replace(use, note=note) for use in one.uses] or [nobody]
    return tuple(
        replace(f, usage=tuple(dict.fromkeys((*f.usage, *more[f.fingerprint])))) if f.fingerprint in more else f
        for f in findings
    )


class _Shelf:
    """Stored secrets by system and name."""

    def __init__(self, stored: Iterable[Stored], used: Iterable[Use], where: Where) -> None:
        self._where = where
        self._named: dict[tuple[str, str], list[Stored]] = defaultdict(list)
        self._contexts: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for secret in stored:
            if system := SYSTEMS.get(secret.store, ""):
                name = secret.name.lower() if system in _FOLDED else secret.name
                for key in (name, *([EVERY_SECRET] if secret.store == "github.actions" else [])):
                    self._named[(system, key)].append(secret)
                if secret.store == "circleci.context":
                    self._named[(system, f"context {secret.owner}")].append(secret)
        for use in used:
            if use.note == CONTEXT:
                self._contexts[(use.repo, use.path, use.job)].add(use.name)

    @staticmethod
    def fold(use: Use) -> str:
        return use.name.lower() if use.system in _FOLDED else use.name

    def nearest(self, use: Use) -> list[Stored]:
        """What the job gets for the name; for a sign that stands for all of them, all. Dependabot's come beside."""
        name = f"context {use.name}" if use.note == CONTEXT else self.fold(use)
        open_to = [secret for secret in self._named.get((use.system, name), ()) if self._gets(use, secret)]
        if use.name == EVERY_SECRET or use.note == CONTEXT:
            return open_to
        beside = [secret for secret in open_to if secret.store == _BESIDE]
        others = [secret for secret in open_to if secret.store != _BESIDE]
        best = min(map(_nearness, others), default=())
        return [secret for secret in others if _nearness(secret) == best] + beside

    def _gets(self, use: Use, secret: Stored) -> bool:
        if use.system == "github-actions":
            if use.note != (VARIABLE if secret.store == "github.variables" else SECRET):
                return False
            if secret.store == _BESIDE and not any(when.startswith(_DEPENDABOT) for when in use.when):
                return False
        elif secret.store == "jenkins.credentials":
            return use.note == CREDENTIAL
        elif secret.store == "circleci.context":
            return secret.owner in self._contexts[(use.repo, use.path, use.job)]
        project = self._where[use.repo].get(secret.instance or PROVIDERS[use.system], "").casefold()
        open_to = {one.casefold() for one in secret.projects}
        return bool(project) and (project in open_to or EVERYWHERE in open_to) and _at(use.environment, secret)


def _at(environment: str, secret: Stored) -> bool:
    """Whether a job of this environment gets it; an environment that is computed may be any."""
    if not secret.environment or secret.environment == EVERYWHERE or "$" in environment:
        return True
    return bool(environment) and fnmatchcase(environment.casefold(), secret.environment.casefold())


def _nearness(secret: Stored) -> tuple[int, ...]:
    """The less, the nearer: by level, then the deeper group, then the narrower environment."""
    narrow = 0 if secret.environment not in ("", EVERYWHERE) else 1
    return (_NEAREST.index(secret.level), -secret.owner.count("/"), narrow)


def _asks(use: Use) -> bool:
    """Whether a use is one of a store's secrets, and not of a variable that is none."""
    if use.name == EVERY_SECRET or use.name.startswith(("CI_", "CIRCLE_", "GITLAB_")):  # set by the systems themselves
        return False
    if use.system == "jenkins":
        return use.note == CREDENTIAL
    if use.system == "github-actions":
        return use.note == SECRET
    return use.note in (SECRET, CONTEXT) or sounds_secret(use.name)


def _doubt(uses: Sequence[Use], unread: bool) -> str:
    if unread:
        return "not all stores of the repository could be read"
    if all(use.when and all(when.startswith("workflow_call") for when in use.when) for use in uses):
        return "whoever calls the workflow may pass it"
    return "the file or the job itself may set it" if all(use.note == VARIABLE for use in uses) else ""


def _by_job(findings: Iterable[Finding]) -> Mapping[tuple[str, ...], list[str]]:
    """Fingerprints of leaked credentials by the job and name that they are tied to."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for finding in findings:
        for use in of_today(finding.usage):
            if use.name:
                found[_job(use)].append(finding.fingerprint)
    return found


def _job(use: Use) -> tuple[str, ...]:
    return (use.system, use.repo, use.path, use.job, use.step, use.name.lower())


def _held(secret: Stored, uses: tuple[Use, ...], known: Mapping[tuple[str, ...], list[str]]) -> Held:
    named = () if secret.readable else (f for use in uses if use.name != EVERY_SECRET for f in known.get(_job(use), ()))
    return Held(secret=secret, uses=uses, alike=tuple(sorted(set(named) - set(secret.equals))))


def _order(secret: Stored) -> tuple[str, ...]:
    return (secret.store, secret.owner, secret.environment, secret.name, secret.level, secret.instance)
