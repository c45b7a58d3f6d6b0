"""GitHub's SSH keys: deploy keys of the organisations' repositories, and members' own keys as far as they are shown.

What proves the end: the repository's list of deploy keys, or the account's public list of keys, answers 200 and has it
no more. What does not: 404, which a token without Administration: read gets for every repository.
A deploy key is the repository's: it outlives the account that added it, whose owner may hold the private half. One
that was made with a personal access token dies with that token. Only the account's owner deletes a personal SSH key at
github.com; that it opens nothing of the organisation's is the work of the membership and of single sign-on. An
authorization for single sign-on is tied to a key by its SHA256 fingerprint; GitHub does not document the form of that
field, and another form ties it to nothing.

https://docs.github.com/en/rest/deploy-keys/deploy-keys
https://docs.github.com/en/rest/users/keys#list-public-keys-for-a-user
https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Check, Exchange, Gap, Ownership
from revokers import github_server
from revokers.github_admin import (
    DEPLOY_KEY,
    LISTS,
    NEEDS,
    PROVIDER,
    SSH_KEY,
    SSO,
    SSO_ADVICE,
    Admin,
    Settings,
    listed_point,
    signed,
    sso_fingerprint,
    write_token,
)  # fmt: skip
from revokers.parts import dead, last, live, or_gap, rows, trouble, when
from revokers.protocol import NotAutomatic, NotIdentified
from revokers.public_keys import fingerprint

_ADVICE = "offkey's credential needs a repository administrator's rights (an App: Administration: read)"
_REFUSED = frozenset({403, 404})


def inventory(asker: Admin, settings: Settings, holder: Account) -> Iterator[AccessPoint | Gap]:
    """The deploy keys that the account has added."""
    for org in settings.organisations if settings.deploy_keys else ():
        yield from or_gap(f"github {org}: deploy keys", _added(asker, org, holder), _ADVICE)


def _added(asker: Admin, org: str, holder: Account) -> Iterator[AccessPoint | Gap]:
    for found in _deploy_keys(asker, org):
        if isinstance(found, Gap):
            yield found
        elif str(found[1].get("added_by") or "").lower() == holder.login.lower():
            yield _deploy_key(asker, org, *found, holder=holder)


def authorised(http: Reader, settings: Settings, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    """Where the organisations trust any of these public keys, whoever's they are."""
    asker = Admin(http, settings.read)
    if settings.server == "ghes":
        yield from or_gap("github: SSH keys", github_server.authorised(asker, keys), needs=NEEDS)
    for org in settings.organisations:
        where = f"github {org}: deploy keys"
        if settings.deploy_keys:
            yield from or_gap(where, _trusted(asker, org, keys), _ADVICE, NEEDS)
        else:
            yield Gap(where=where, why="deploy_keys is off", advice="set deploy_keys = true under [providers.github]")
        if settings.server != "ghes":
            yield from or_gap(f"github {org}: members' SSH keys", _members(asker, org, keys), needs=NEEDS)
        if settings.server != "ghes" and settings.sso:
            yield from or_gap(f"github {org}: {SSO}", _single_sign_on(asker, org, keys), SSO_ADVICE, NEEDS)
    if not settings.organisations:
        advice = "set organisations in [providers.github]"
        yield Gap(where="github: SSH keys", why="no organisation is configured", advice=advice)


def _trusted(asker: Admin, org: str, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    for found in _deploy_keys(asker, org):
        if isinstance(found, Gap):
            yield found
        elif fingerprint(found[1]["key"]) in keys:
            yield _deploy_key(asker, org, *found)


def _members(asker: Admin, org: str, keys: frozenset[str]) -> Iterator[AccessPoint]:
    """The members' and outside collaborators' keys; the lists are public, whose they are asks for read:org."""
    people = {}
    for name in ("members", "outside_collaborators"):
        for user in _rows(asker, f"/orgs/{{org}}/{name}", f"{org}: {name}", "id", "login", org=org):
            people[str(user["id"])] = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["login"]))
    for holder in people.values():
        for row in _of(asker, holder):
            if (key := fingerprint(row["key"])) in keys:
                told = f"GitHub lists the public key {key} for {holder.login}"
                check = live(asker.http, f"an SSH key of {holder.login}", holder)
                point = listed_point(SSH_KEY, f"{holder.id}/{row['id']}", holder, check, told)
                yield replace(point, redacted=key, last_used=when(row.get("last_used")))


def _single_sign_on(asker: Admin, org: str, keys: frozenset[str]) -> Iterator[AccessPoint]:
    template, _, name = LISTS[SSO]
    for row in _rows(asker, template, f"{org}: {SSO}", name, "login", org=org):
        if (key := sso_fingerprint(row)) in keys:
            holder = asker.holder(Account(provider=PROVIDER, id="", login=str(row["login"])))
            check = live(asker.http, f"listed by {org}", holder)
            told = f"{org} lists it for {holder.login}: the SSH key {key}"
            yield replace(listed_point(SSO, f"{org}/{row[name]}", holder, check, told), redacted=key)


def _deploy_keys(asker: Admin, org: str) -> Iterator[tuple[str, dict[str, Any]] | Gap]:
    """(repository, row) for each deploy key, and one Gap for all repositories that refuse to show theirs."""
    refused = []
    for repo in _rows(asker, "/orgs/{org}/repos", f"{org}: repositories", "name", org=org):
        name = str(repo["name"])
        for answer in _pages(asker, "/repos/{owner}/{repo}/keys", owner=org, repo=name):
            if answer.status in _REFUSED:
                refused.append((name, answer.status))
                break
            for row in rows([answer], f"{org}/{name}: deploy keys", "id", "key"):
                yield name, row
    if refused:
        name, status = refused[0]
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        yield Gap(where=f"github {org}: deploy keys", why=f"{name}{more} {trouble(status)}", advice=_ADVICE)


def _deploy_key(
    asker: Admin, org: str, repo: str, row: dict[str, Any], *, holder: Account | None = None
) -> AccessPoint:
    """Shared by nature. `holder` is who added it, where that is known to be this account."""
    may = "reads" if row.get("read_only") else "may write to"
    by = f", added by {row['added_by']}" if row.get("added_by") else ""
    check = live(asker.http, f"a deploy key of {org}/{repo}", holder, "deploy key")
    told = f"the deploy key {row.get('title', '')} {may} {org}/{repo}{by}"
    point = listed_point(DEPLOY_KEY, f"{org}/{repo}/{row['id']}", holder, check, told)
    used = when(row.get("last_used"))
    return replace(point, ownership=Ownership.SHARED, redacted=fingerprint(row["key"]), last_used=used)


def state(asker: Admin, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    number = point.provider_id.rpartition("/")[2]
    if point.kind == SSH_KEY:
        if point.holder is None:
            raise NotIdentified(f"{point.id} has no holder", advice="plan again")
        holder = asker.holder(point.holder)
        listed, whose = _of(asker, holder), f"of {holder.login}"
    else:
        org, repo = _where(settings, point)
        listed, whose = _listed(asker, org, repo), f"of {org}/{repo}"
    if any(str(row["id"]) == number for row in listed):
        return live(asker.http, f"an SSH key {whose}", point.holder)
    return dead(asker.http, f"no SSH key {whose} any more", point.holder, "removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Delete exactly this deploy key, after seeing that it is there."""
    if point.kind != DEPLOY_KEY:
        raise NotAutomatic(f"{point.kind} is ended by its owner alone", advice="see https://github.com/settings/keys")
    token = write_token(settings)
    org, repo = _where(settings, point)
    number = point.provider_id.rpartition("/")[2]
    if all(str(row["id"]) != number for row in _listed(Admin(http, token), org, repo)):
        raise NotIdentified(f"{org}/{repo} has no deploy key {number}", advice="plan again")
    path = {"owner": org, "repo": repo, "key_id": number}
    http.request("DELETE", "/repos/{owner}/{repo}/keys/{key_id}", path=path, headers=signed(token))
    return last(http)


def _where(settings: Settings, point: AccessPoint) -> tuple[str, str]:
    parts = point.provider_id.split("/")
    if len(parts) != 3 or parts[0] not in settings.organisations:
        raise NotIdentified(f"{point.id} names no configured organisation and repository", advice="plan again")
    return parts[0], parts[1]


def _listed(asker: Admin, org: str, repo: str) -> Iterator[dict[str, Any]]:
    return _rows(asker, "/repos/{owner}/{repo}/keys", f"{org}/{repo}: deploy keys", "id", "key", owner=org, repo=repo)


def _of(asker: Admin, holder: Account) -> Iterator[dict[str, Any]]:
    what = f"{holder.login}: SSH keys"
    return _rows(asker, "/users/{username}/keys", what, "id", "key", username=holder.login)


def _pages(asker: Admin, template: str, **path: str) -> Iterator[Any]:
    return asker.http.pages(template, path=path, headers=signed(asker.token))


def _rows(asker: Admin, template: str, what: str, *names: str, **path: str) -> Iterator[dict[str, Any]]:
    return rows(_pages(asker, template, **path), what, *names)
