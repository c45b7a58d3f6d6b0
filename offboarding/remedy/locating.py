"""Where a repository is: at which configured GitHub or GitLab, and as what, or where on this disk changes may go.

A repository's own word on its remote leads to this disk or to a configured instance, nowhere else (rule 3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.remedy.address import git_host, remote_at
from offboarding.remedy.gitlab import URL as GITLAB
from offkey.errors import UsageError
from offkey.model import AccessPoint
from scanner.repository import gitconfig
from scanner.repository.clone import is_url, without_credentials
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError

BRANCH, BUNDLE = "branch", "bundle"


@dataclass(frozen=True, slots=True)
class Where:
    """`at` is an instance (`github`, `gitlab/corp`), `branch` or `bundle`; `remote` the address that the base comes
    from; `name` the repository's at the instance, or the path that the user named.
    """

    at: str
    remote: str
    name: str


def find(config: Config, repo: str) -> Where | None:
    """Where changes to a repository, as it was scanned, are proposed; None where nobody can say."""
    kind, _, path = config.remedy.repositories.get(repo, "").partition(":")
    local = kind in (BRANCH, BUNDLE) and path
    found = None if local else at_forge(config, repo)
    if found and found.name:
        return found
    kind, path = (kind, path) if local else (BUNDLE, str(config.remedy.bundles or ""))
    source = _source(repo) if path else ""
    return Where(kind, source, path) if source else None


def at_forge(config: Config, repo: str) -> Where | None:
    """The configured instance that has the repository; None where there is none, or several may be meant.

    Of several at one host it is the one whose `organisations` or `groups` name the owner.
    """
    found = list(_at_forges(config, repo, config.remedy.repositories.get(repo, "")))
    if len(found) > 1:
        found = [one for one in found if _owner("", one.name)[1] in _owners(config, one.at)]
    return found[0] if len(found) == 1 else None


def _at_forges(config: Config, repo: str, told: str) -> Iterator[Where]:
    claimed = repo if is_url(repo) else origin(Path(repo))
    meant, _, named = ("", "", "") if told.startswith((f"{BRANCH}:", f"{BUNDLE}:")) else told.rpartition(":")
    for name in config.instances_of("github") or ("github",):
        table = config.providers.get(name)
        remote, known = remote_at(git_host(table.url if table else ""), claimed)
        if remote and meant in ("", name):
            yield Where(name, remote, named or known)
    for name in config.instances_of("gitlab"):
        remote, known = remote_at(git_host(config.providers[name].url or GITLAB), claimed, nested=True)
        # What lies on this disk could be anybody's: it is a GitLab's where it is said to be.
        if remote and (meant == name or (meant == "" and known)):
            yield Where(name, remote, named or known)


def _source(repo: str) -> str:
    """The address that a repository's branches are fetched from."""
    if is_url(repo):
        return without_credentials(repo)
    try:
        return f"file://{Git(Path(repo)).common_dir}"
    except (GitError, UsageError):
        return ""


def readable(config: Config, listed: Iterable[AccessPoint], repos: Iterable[str]) -> frozenset[str]:
    """Those of the repositories that belong to a GitHub organisation which lists the person, by member or collaborator.

    What such a one may read is the organisation's setting, so this says who may have read it, not who has.
    """
    kinds = ("github.membership", "github.outside_collaborator")
    theirs = {_owner(point.provider, point.provider_id) for point in listed if point.kind in kinds}
    mine = sorted(set(repos)) if theirs else ()
    return frozenset(repo for repo in mine if _owner(*github_name(config, repo)) in theirs)


def _owner(instance: str, name: str) -> tuple[str, str]:
    return instance, name.partition("/")[0].casefold()


def github_name(config: Config, repo: str) -> tuple[str, str]:
    """(instance, `owner/name`) of a repository at the configured GitHub, each "" for one that is not there."""
    found = at_forge(config, repo)
    return (found.at, found.name) if found and found.name and family(found.at) == "github" else ("", "")


def _owners(config: Config, instance: str) -> frozenset[str]:
    """The organisations or groups that are configured for an instance."""
    table = config.providers.get(instance)
    given = (table.model_extra or {}) if table else {}
    named = (*given.get("organisations", ()), *given.get("groups", ()))
    return frozenset(str(one).partition("/")[0].casefold() for one in named)


def origin(repo: Path) -> str:
    """The address of a local repository's remote: `origin`, or the only one it has; "" for none.

    Read from its configuration file as text, so that nothing which that names is followed or run.
    """
    try:
        found = gitconfig.remotes((Git(repo).common_dir / "config").read_bytes())
    except (GitError, UsageError, OSError, gitconfig.Unreadable):
        return ""
    return found.get("origin") or (next(iter(found.values())) if len(found) == 1 else "")
