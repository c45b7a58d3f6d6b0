"""The repository side of the GitHub simulator: branches come from the real bare repository behind it."""

import subprocess  # noqa: TID251  # git on the simulator's own bare repository, as GitHub's servers would run it
from pathlib import Path
from typing import Any

from offboarding.demo.simulators import github_views as views
from offboarding.demo.simulators.github_calls import Call, Refusal, invalid, page
from offboarding.demo.simulators.github_state import Comment, Pull, Repository, User, now
from offboarding.demo.simulators.wire import Answer

_AUTHOR = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.example")


def git(bare: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and stripped output of git on a bare repository."""
    done = subprocess.run(
        ["git", *_AUTHOR, "--git-dir", str(bare), *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout.strip()


def tip(repo: Repository, branch: str) -> str:
    """The commit a branch points to, or nothing when there is no such branch."""
    if repo.bare is None:
        return repo.branches.get(branch, "")
    code, sha = git(
        repo.bare, "rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/heads/{branch}^{{commit}}"
    )
    return sha if code == 0 else ""


def get_repo(call: Call) -> Answer:
    repo = call.repo()
    view = views.repository(call.api, repo, _owner(call, repo))
    if call.token:
        push = call.access(repo) == "push"
        view["permissions"] = {"admin": False, "maintain": False, "push": push, "triage": push, "pull": True}
    return Answer(status=200, body=view)


def list_installed(call: Call) -> Answer:
    """What an app's token may reach: the question that tells whether it is alive."""
    token = call.signed_in()
    if not token.app:
        raise Refusal(403, "You must authenticate with an installation access token.")
    found = [repo for repo in call.state.repos.values() if repo.owner == token.org]
    shown, headers = page(call, found)
    views_of = [views.repository(call.api, repo, _owner(call, repo)) for repo in shown]
    body = {"total_count": len(found), "repositories": views_of, "repository_selection": "all"}
    return Answer(status=200, body=body, headers=headers)


def get_ref(call: Call) -> Answer:
    repo = call.repo()
    ref = call.params["ref"]
    sha = tip(repo, ref.removeprefix("heads/")) if ref.startswith("heads/") else ""
    if not sha:
        raise Refusal(404, "Not Found")
    return Answer(status=200, body=views.git_ref(call.api, repo, f"refs/{ref}", sha))


def list_pulls(call: Call) -> Answer:
    repo = call.repo()
    query = {name: values[-1] for name, values in call.request.query.items()}
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    if state not in ("open", "closed", "all"):
        raise invalid("PullRequest", "state")
    found = [
        item
        for item in reversed(repo.pulls.values())
        if state in ("all", item.state)
        and (":" not in head or head == f"{repo.owner}:{item.head}")
        and base in ("", item.base)
    ]
    shown, headers = page(call, found)
    return Answer(status=200, body=[_short(call, repo, item) for item in shown], headers=headers)


def open_pull(call: Call) -> Answer:
    repo = call.writable_repo()
    body = call.body()
    title, base = body.get("title"), body.get("base")
    head = str(body.get("head") or "").removeprefix(f"{repo.owner}:")
    if not isinstance(title, str) or not title.strip():
        raise invalid("PullRequest", "title", "missing_field")
    head_sha, base_sha = tip(repo, head), tip(repo, str(base or ""))
    for field, sha in (("head", head_sha), ("base", base_sha)):
        if not sha:
            raise invalid("PullRequest", field)
    _refuse_pointless(repo, head, str(base), head_sha, base_sha)
    if body.get("draft") and not repo.drafts:
        raise Refusal(422, "Draft pull requests are not supported in this repository.")
    number = max(repo.pulls, default=0) + 1
    item = Pull(
        number=number,
        id=next(call.state.ids),
        title=title,
        body=body.get("body"),
        head=head,
        base=str(base),
        author=_author(call).login,
        head_sha=head_sha,
        base_sha=base_sha,
        draft=bool(body.get("draft")),
    )
    repo.pulls[number] = item
    return Answer(status=201, body=_long(call, repo, item), wrote=True)


def get_pull(call: Call) -> Answer:
    repo = call.repo()
    return Answer(status=200, body=_long(call, repo, _pull(call, repo)))


def edit_pull(call: Call) -> Answer:
    repo = call.writable_repo()
    item, body = _pull(call, repo), call.body()
    if body.get("state", item.state) not in ("open", "closed"):
        raise invalid("PullRequest", "state")
    if item.merged_at and body.get("state") == "open":
        raise invalid("PullRequest", "state")
    item.title, item.body = body.get("title", item.title), body.get("body", item.body)
    item.state = body.get("state", item.state)
    item.updated_at = now()
    item.closed_at = None if item.state == "open" else item.closed_at or item.updated_at
    return Answer(status=200, body=_long(call, repo, item), wrote=True)


def merge_pull(call: Call) -> Answer:
    """Makes a real merge commit in the bare repository."""
    repo = call.writable_repo()
    item = _refreshed(repo, _pull(call, repo))
    if item.state != "open" or repo.bare is None:
        raise Refusal(405, "Pull Request is not mergeable")
    wanted = (call.request.json() or {}).get("sha") or item.head_sha
    if wanted != item.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    code, tree = git(repo.bare, "merge-tree", "--write-tree", item.base_sha, item.head_sha)
    if code != 0:
        raise Refusal(405, "Pull Request is not mergeable")
    title = f"Merge pull request #{item.number} from {repo.owner}/{item.head}"
    _, sha = git(repo.bare, "commit-tree", tree, "-p", item.base_sha, "-p", item.head_sha, "-m", title)
    code, _ = git(repo.bare, "update-ref", f"refs/heads/{item.base}", sha, item.base_sha)
    if code != 0:
        raise Refusal(409, "Base branch was modified. Review and try the merge again.")
    item.state, item.merge_sha, item.merged_by = "closed", sha, _author(call).login
    item.merged_at = item.closed_at = item.updated_at = now()
    return Answer(
        status=200, body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"}, wrote=True
    )


def add_labels(call: Call) -> Answer:
    repo = call.writable_repo()
    item = _pull(call, repo)
    data = call.request.json()
    names = data.get("labels") if isinstance(data, dict) else data
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise invalid("Label", "name")
    item.labels += [name for name in names if name not in item.labels]
    return Answer(status=200, body=[views.label(call.api, repo, name) for name in item.labels], wrote=True)


def add_comment(call: Call) -> Answer:
    repo = call.writable_repo()
    item, text, author = _pull(call, repo), call.body().get("body"), _author(call)
    if not isinstance(text, str) or not text:
        raise invalid("IssueComment", "body", "missing_field")
    made = Comment(id=next(call.state.ids), author=author.login, body=text)
    item.comments.append(made)
    return Answer(status=201, body=views.comment(call.api, repo, item.number, made, author), wrote=True)


def list_comments(call: Call) -> Answer:
    repo = call.repo()
    item = _pull(call, repo)
    shown, headers = page(call, item.comments)
    made = [views.comment(call.api, repo, item.number, one, _named(call, one.author)) for one in shown]
    return Answer(status=200, body=made, headers=headers)


def _refuse_pointless(repo: Repository, head: str, base: str, head_sha: str, base_sha: str) -> None:
    for item in repo.pulls.values():
        if (item.state, item.head, item.base) == ("open", head, base):
            message = f"A pull request already exists for {repo.owner}:{head}."
            raise invalid("PullRequest", "head", "custom", message)
    if head_sha == base_sha or (
        repo.bare and git(repo.bare, "rev-list", "--count", f"{base_sha}..{head_sha}")[1] == "0"
    ):
        raise invalid("PullRequest", "head", "custom", f"No commits between {base} and {head}")


def _ahead(bare: Path, base_sha: str, head_sha: str) -> int:
    """How many commits the head has that the base lacks."""
    return int(git(bare, "rev-list", "--count", f"{base_sha}..{head_sha}")[1] or 0)


def _pull(call: Call, repo: Repository) -> Pull:
    item = repo.pulls.get(int(call.params["number"]))
    if item is None:
        raise Refusal(404, "Not Found")
    return item


def _refreshed(repo: Repository, item: Pull) -> Pull:
    """An open pull request follows its branches; a deleted branch leaves the last known commit."""
    if item.state == "open":
        item.head_sha = tip(repo, item.head) or item.head_sha
        item.base_sha = tip(repo, item.base) or item.base_sha
    return item


def _short(call: Call, repo: Repository, item: Pull) -> dict[str, Any]:
    return views.pull(call.api, repo, _owner(call, repo), _refreshed(repo, item), _named(call, item.author))


def _long(call: Call, repo: Repository, item: Pull) -> dict[str, Any]:
    short = _short(call, repo, item)
    commits, files = _size(repo, item)
    return short | {
        "merged": item.merged_at is not None,
        "merged_by": views.simple_user(call.api, _named(call, item.merged_by)) if item.merged_by else None,
        "mergeable": None,  # GitHub, too, answers null until it has worked it out
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
        "comments": len(item.comments),
        "review_comments": 0,
        "commits": commits,
        "additions": sum(added for added, _ in files),
        "deletions": sum(deleted for _, deleted in files),
        "changed_files": len(files),
    }


def _size(repo: Repository, item: Pull) -> tuple[int, list[tuple[int, int]]]:
    """How many commits, and lines added and deleted in each file."""
    if repo.bare is None:
        return 0, []
    count = _ahead(repo.bare, item.base_sha, item.head_sha)
    _, lines = git(repo.bare, "diff", "--numstat", f"{item.base_sha}...{item.head_sha}")
    pairs = [line.split("\t")[:2] for line in lines.splitlines()]
    return count, [(int(a) if a != "-" else 0, int(d) if d != "-" else 0) for a, d in pairs]


def _owner(call: Call, repo: Repository) -> User:
    org = call.state.org(repo.owner)
    return User(id=org.id, login=org.login, kind="Organization") if org else _named(call, repo.owner)


def _named(call: Call, login: str) -> User:
    """A user, or the bot of an app, which is not kept among the users."""
    return call.state.user(login) or User(id=1, login=login, kind="Bot")


def _author(call: Call) -> User:
    token = call.signed_in()
    return _named(call, f"{token.name or 'app'}[bot]") if token.app else call.user()
