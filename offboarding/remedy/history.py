"""How to take values out of a repository's history: instructions, addresses and a script. Nothing here runs them.

Neither holds a value: the script reads the values again from the user's own clone, by object id and span.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from offboarding.evidence_kit import rewrite_history
from offboarding.remedy.holding import NAMES, values_of
from offkey.canonical import canonical
from offkey.errors import UsageError
from offkey.model import AccessPoint, Credential, Place, Plan

IN_GIT = frozenset({"blob", "commit", "tag"})

README = """\
# Taking values out of the history

**First ask whether it is needed.** A value that is dead at its issuer harms nobody in the history. Rewriting is for
what cannot be ended: a key that still lives and must not be read by more people, personal data, a contract.

## What it does to others
- Every commit from the first that held a value on gets another id. Tags, release notes, links to commits, signed
  commits and CI caches keyed by commits lose their object.
- **Everybody has to clone anew.** A clone made before brings the old commits back with its next push.
- **Forks keep the old commits.** Their owners must rewrite or delete them.
- **Pull and merge requests keep them, too**: GitHub's `refs/pull/*` and GitLab's `refs/merge-requests/*` and
  `refs/keep-around/*` cannot be pushed to. Ask GitHub's support to remove cached views and run gc
  (https://docs.github.com/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository);
  at GitLab upload the rewrite's `commit-map` under Settings, Repository, Repository cleanup
  (https://docs.gitlab.com/user/project/repository/repository_size/#clean-up-repository).
- Caches, mirrors, backups, packages and images that were built meanwhile hold the values as before.

## What to do
1. Say to everybody when it happens, and that open branches are to be pushed before.
2. `git clone --mirror ADDRESS clone.git`
3. `python3 rewrite_history.py NUMBER clone.git` says what would be done; `--run` does it in the clone.
4. Look: `git -C clone.git log --all --oneline | head`, and scan it: `offkey scan clone.git --history all`.
5. Allow forced pushes to protected branches, `git -C clone.git push --mirror --force`, forbid them again.
6. Have forks, requests and caches dealt with as above. Delete the clone.

offkey runs none of this.

## The repositories
"""
NOT_COVERED = """
## Not covered by the script
The value stands there in another form (base64, UTF-16, compressed, in an archive), or outside of git's objects. Take
the whole file out with `git filter-repo --invert-paths --path FILE`, or do without.
"""


def kit(plan: Plan) -> dict[str, bytes]:
    """The files of the folder, by name. Raises UsageError where the plan has no value in any history."""
    covered, other = _places(plan)
    if not covered and not other:
        raise UsageError("no credential of this run lies in a repository's history", advice="there is nothing to do")
    repositories = [{"repository": repo, "places": _rows(found)} for repo, found in sorted(covered.items())]
    lines = [
        f"{number}. `{one['repository']}`: {len(one['places'])} objects" for number, one in enumerate(repositories, 1)
    ]
    readme = README + "\n".join(lines) + "\n"
    if other:
        rows = sorted({f"- `{place.repo}` {place.path or place.object_type} ({place.object[:12]})" for place in other})
        readme += NOT_COVERED + "\n".join(rows) + "\n"
    script = resources.files(rewrite_history.__package__ or "").joinpath("rewrite_history.py").read_bytes()
    return {
        "README.md": readme.encode("utf-8", "backslashreplace"),
        "addresses.json": canonical({"repositories": repositories}),
        "rewrite_history.py": script,
    }


def literals(plan: Plan, read: Callable[[AccessPoint], Credential]) -> bytes:
    """The values of a plan as replacements for `git filter-repo --replace-text`. `read` raises what it raises."""
    points = {step.point.id: step.point for step in plan.steps if step.point.fingerprint and step.point.places}
    values = {value for point in points.values() for value in values_of(read(point)).values()}
    ordered = sorted(values, key=lambda value: (-len(value), value))
    return b"".join(rewrite_history.rule(value) + b"\n" for value in ordered)


def check_private(path: Path) -> None:
    """Raise UsageError unless `path` is a new file in a folder that is nobody else's, no evidence and no work tree."""
    path = path.absolute()
    folder = path.parent
    if path.exists() or path.is_symlink() or not folder.is_dir():
        raise UsageError(f"{path} is no new file in an existing folder", advice="name one")
    if folder.stat().st_mode & 0o077:
        raise UsageError(f"{folder} is open to other users", advice=f"run `chmod 700 {folder}`, or name another folder")
    for above in (folder.resolve(), *folder.resolve().parents):
        if all((above / name).is_file() for name in ("manifest.json", "ledger.jsonl")):
            raise UsageError(f"{above} is an evidence folder", advice="values must not lie in it: name another folder")
        if (above / ".git").exists() or ((above / "HEAD").is_file() and (above / "objects").is_dir()):
            raise UsageError(f"{above} is a git repository", advice="it could be committed: name another folder")


def _places(plan: Plan) -> tuple[dict[str, list[Place]], list[Place]]:
    """By repository, what the script can read again; and what it cannot."""
    covered: dict[str, list[Place]] = defaultdict(list)
    other: list[Place] = []
    points = {step.point.id: step.point for step in plan.steps if step.point.fingerprint}
    for place in dict.fromkeys(place for point in points.values() for place in point.places):
        if place.object_type in IN_GIT and not place.decoding:
            covered[place.repo].append(place)
        else:
            other.append(place)
    return covered, other


def _rows(places: Iterable[Place]) -> list[dict[str, Any]]:
    """One row an object."""
    spans: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    for place in places:
        spans[place.object, place.object_type] |= {(s.start, s.end) for s in place.spans if s.part not in NAMES}
    return [
        {"object": oid, "object_type": kind, "spans": [list(span) for span in sorted(found)]}
        for (oid, kind), found in sorted(spans.items())
    ]
