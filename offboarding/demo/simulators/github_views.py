"""The JSON that GitHub answers with, field for field as its API description requires.

`api` is the simulator's own address: links lead back to it and never to the real GitHub.
"""

import base64
from typing import Any

from offboarding.demo.simulators.github_state import (
    Authorization,
    Comment,
    Grant,
    Organisation,
    Pull,
    Repository,
    User,
)

CREATED = "2020-01-01T00:00:00Z"
_REPO_LINKS = [
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags"),
    *("teams", "trees"),
]
_USER_LINKS = [
    *("events", "followers", "following", "gists", "organizations"),
    *("received_events", "repos", "starred", "subscriptions"),
]
_REPO_COUNTS = [
    *("forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size"),
    *("stargazers_count", "subscribers_count", "watchers", "watchers_count"),
]


def node(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def simple_user(api: str, user: User) -> dict[str, Any]:
    url = f"{api}/users/{user.login}"
    return {
        "login": user.login,
        "id": user.id,
        "node_id": node("User", user.id),
        "avatar_url": f"{api}/avatars/{user.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{api}/{user.login}",
        **{f"{name}_url": f"{url}/{name}" for name in _USER_LINKS},
        "type": user.kind,
        "site_admin": False,
    }


def full_user(api: str, user: User, *, private: bool, with_email: bool) -> dict[str, Any]:
    """The private view is for the user's own token with a `user` scope; `with_email` shows a private address."""
    view: dict[str, Any] = {
        **simple_user(api, user),
        "user_view_type": "private" if private else "public",
        "name": user.name or None,
        "email": user.email if user.email and (with_email or user.email_public) else None,
        **dict.fromkeys(("company", "location", "hireable", "bio"), None),
        "blog": "",
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    if private:
        counts = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
        view |= {**dict.fromkeys(counts, 0), "two_factor_authentication": True}
    return view


def simple_org(api: str, org: Organisation) -> dict[str, Any]:
    url = f"{api}/orgs/{org.login}"
    return {
        "login": org.login,
        "id": org.id,
        "node_id": node("Organization", org.id),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues", "members")},
        "public_members_url": f"{url}/public_members",
        "avatar_url": f"{api}/avatars/{org.id}",
        "description": None,
    }


def full_org(api: str, org: Organisation) -> dict[str, Any]:
    return {
        **simple_org(api, org),
        "html_url": f"{api}/{org.login}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "type": "Organization",
        "created_at": CREATED,
        "updated_at": CREATED,
        "archived_at": None,
    }


def membership(api: str, org: Organisation, user: User) -> dict[str, Any]:
    return {
        "url": f"{api}/orgs/{org.login}/memberships/{user.login}",
        "state": "active",
        "role": org.members[user.login],
        "organization_url": f"{api}/orgs/{org.login}",
        "organization": simple_org(api, org),
        "user": simple_user(api, user),
    }


def grant(api: str, org: Organisation, item: Grant, owner: User) -> dict[str, Any]:
    return {
        "id": item.id,
        "owner": simple_user(api, owner),
        "repository_selection": "all",
        "repositories_url": f"{api}/orgs/{org.login}/personal-access-tokens/{item.id}/repositories",
        "permissions": item.permissions,
        "access_granted_at": item.granted_at,
        "token_id": item.token.id,
        "token_name": item.token.name,
        "token_expired": False,
        "token_expires_at": None,
        "token_last_used_at": item.token.last_used,
    }


def authorization(item: Authorization) -> dict[str, Any]:
    view: dict[str, Any] = {
        "login": item.login,
        "credential_id": item.id,
        "credential_type": item.credential_type,
        "credential_authorized_at": item.authorized_at,
        "credential_accessed_at": item.token.last_used if item.token else None,
        "authorized_credential_id": item.token.id if item.token else item.id,
        "authorized_credential_expires_at": None,
    }
    if item.token:
        note = {"authorized_credential_note": item.token.name, "scopes": list(item.token.scopes)}
        return view | note | {"token_last_eight": item.token.last_eight}
    return view | {"fingerprint": item.fingerprint, "authorized_credential_title": item.title}


def repository(api: str, repo: Repository, owner: User) -> dict[str, Any]:
    url = f"{api}/repos/{repo.full_name}"
    return {
        "id": repo.id,
        "node_id": node("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": simple_user(api, owner),
        "private": repo.private,
        "html_url": f"{api}/{repo.full_name}",
        "description": None,
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in _REPO_LINKS},
        "pulls_url": f"{url}/pulls{{/number}}",
        "issues_url": f"{url}/issues{{/number}}",
        "git_refs_url": f"{url}/git/refs{{/sha}}",
        "clone_url": str(repo.bare) if repo.bare else f"{api}/{repo.full_name}.git",
        "git_url": f"{api}/{repo.full_name}.git",
        "ssh_url": f"{api}/{repo.full_name}.git",
        "svn_url": f"{api}/{repo.full_name}",
        "default_branch": repo.default_branch,
        **dict.fromkeys(_REPO_COUNTS, 0),
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "archived", "disabled"), False),
        **dict.fromkeys(("homepage", "language", "mirror_url", "license"), None),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), CREATED),
    }


def pull(api: str, repo: Repository, owner: User, item: Pull, author: User) -> dict[str, Any]:
    """The short form, as in lists."""
    url, page = f"{api}/repos/{repo.full_name}/pulls/{item.number}", f"{api}/{repo.full_name}/pull/{item.number}"
    issue = f"{api}/repos/{repo.full_name}/issues/{item.number}"
    links = {
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/repos/{repo.full_name}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/repos/{repo.full_name}/statuses/{item.head_sha}",
    }
    return {
        "id": item.id,
        "node_id": node("PullRequest", item.id),
        "number": item.number,
        "url": url,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": target for name, target in links.items()},
        "_links": {"self": {"href": url}, **{name: {"href": target} for name, target in links.items()}},
        "state": item.state,
        "title": item.title,
        "body": item.body,
        "draft": item.draft,
        "locked": False,
        "user": simple_user(api, author),
        "author_association": "MEMBER",
        "assignee": None,
        "milestone": None,
        "auto_merge": None,
        "labels": [label(api, repo, name) for name in item.labels],
        "head": _end(api, repo, owner, item.head, item.head_sha),
        "base": _end(api, repo, owner, item.base, item.base_sha),
        "merge_commit_sha": item.merge_sha,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "closed_at": item.closed_at,
        "merged_at": item.merged_at,
    }


def label(api: str, repo: Repository, name: str) -> dict[str, Any]:
    number = int.from_bytes(name.encode()[:6], "big")
    return {
        "id": number,
        "node_id": node("Label", number),
        "url": f"{api}/repos/{repo.full_name}/labels/{name}",
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def comment(api: str, repo: Repository, number: int, item: Comment, author: User) -> dict[str, Any]:
    return {
        "id": item.id,
        "node_id": node("IssueComment", item.id),
        "url": f"{api}/repos/{repo.full_name}/issues/comments/{item.id}",
        "html_url": f"{api}/{repo.full_name}/pull/{number}#issuecomment-{item.id}",
        "issue_url": f"{api}/repos/{repo.full_name}/issues/{number}",
        "body": item.body,
        "user": simple_user(api, author),
        "author_association": "MEMBER",
        "created_at": item.created_at,
        "updated_at": item.created_at,
    }


def git_ref(api: str, repo: Repository, ref: str, sha: str) -> dict[str, Any]:
    url = f"{api}/repos/{repo.full_name}/git"
    target = {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"}
    return {"ref": ref, "node_id": node(ref, repo.id), "url": f"{url}/{ref}", "object": target}


def _end(api: str, repo: Repository, owner: User, branch: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repo.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": simple_user(api, owner),
        "repo": repository(api, repo, owner),
    }
