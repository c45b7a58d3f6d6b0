"""GitLab, on its simulator: a self-managed instance with an administrator, and gitlab.com with a group's owner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators import tokens
from offkey.model import AccessPoint, Account, Action
from offkey.secret import Secret
from revokers.public_keys import fingerprint
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.gitlab import GitLabSimulator, User, agent_token, deploy_token

GROUP = "acme"
_ONE = frozenset({"gitlab.account", "gitlab.group_member"})


def _gitlab(kind: str, action: Action, make: Callable[[str], str] | None = None, sort: str = "access") -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GitLabSimulator() as lab:
            admin = Secret(tokens.gitlab_personal("offkey's own").encode())
            owner = lab.add_user("root", admin=True)
            lab.add_token(admin, owner)
            lab.add_member(GROUP, owner, 50)
            server = {"server": "self-managed"} if ".enterprise" not in kind else {"enterprise": GROUP}
            settings = revokers.gitlab.Settings(
                read=admin, write=admin, url=f"{lab.url}/api/v4", groups=(GROUP,), **server
            )
            lab.enterprise[GROUP] = {owner.id}
            case = Case(kind, lab, settings, (action,), [], unpaged="one a person" if kind in _ONE else "")
            people = [lab.add_user(name) for name in ("ann", "dana", "zoe")]
            case.person = Account(provider="gitlab", id="", login="dana")
            for user in people:
                lab.add_member(GROUP, user)
                lab.enterprise[GROUP].add(user.id)
                _thing(lab, case, user, make, sort)
            case.points = (
                [leak(kind) for _ in people]
                if make
                else listed(case, [Account(provider="gitlab", id=str(user.id)) for user in people])
            )
            if kind == "gitlab.deploy_key":
                keys = frozenset(fingerprint(tokens.ssh_public(user.username)) for user in people)
                found = revokers.gitlab.authorised(case.reader(), settings, keys)
                points = [point for point in found if isinstance(point, AccessPoint)]
                case.points = sorted(points, key=lambda point: point.provider_id)
                case.unpaged = "looked up by fingerprint, one by one"
            elif kind not in _ONE and not make:
                case.more = lambda count: [_thing(lab, case, people[1], None, sort, str(n)) for n in range(count)]
            if make:
                case.unpaged = "an account is listed, one a person"
                # Another instance's tokens look the same, so what is dead for sure is one that was revoked here.
                lab.add_token(make("revoked long ago"), people[0], sort, revoked=True)
                case.made_up = credential(kind, secret=make("revoked long ago"))
            yield case

    return arrange


def _thing(
    lab: GitLabSimulator, case: Case, user: User, make: Callable[[str], str] | None, sort: str, more: str = ""
) -> None:
    if make:
        lab.add_token(make(user.username), user if sort == "access" else None, sort)
        case.credentials.append(credential(case.kind, secret=make(user.username)))
    elif case.kind in ("gitlab.listed_pat", "gitlab.enterprise_pat"):
        lab.add_token(tokens.gitlab_personal(user.username + more), user)
    elif case.kind == "gitlab.deploy_key":
        lab.add_deploy_key(7, user.username, tokens.ssh_public(user.username))
        lab.add_deploy_key(8, "another project", tokens.ssh_public("nobody's"))
    elif case.kind in ("gitlab.ssh_key", "gitlab.enterprise_ssh_key"):
        lab.add_key(user, f"laptop {more}")


CASES: dict[str, Arrange] = {
    "gitlab.pat": _gitlab("gitlab.pat", Action.REVOKE, tokens.gitlab_personal),
    "gitlab.pat.routable": _gitlab("gitlab.pat.routable", Action.REVOKE, tokens.gitlab_routable),
    "gitlab.deploy_token": _gitlab("gitlab.deploy_token", Action.REVOKE, deploy_token, "deploy"),
    "gitlab.agent": _gitlab("gitlab.agent", Action.REVOKE, agent_token, "agent"),
    "gitlab.account": _gitlab("gitlab.account", Action.DISABLE),
    "gitlab.listed_pat": _gitlab("gitlab.listed_pat", Action.REVOKE),
    "gitlab.ssh_key": _gitlab("gitlab.ssh_key", Action.REVOKE),
    "gitlab.deploy_key": _gitlab("gitlab.deploy_key", Action.REVOKE),
    "gitlab.enterprise_pat": _gitlab("gitlab.enterprise_pat", Action.REVOKE),
    "gitlab.enterprise_ssh_key": _gitlab("gitlab.enterprise_ssh_key", Action.REVOKE),
    "gitlab.group_member": _gitlab("gitlab.group_member", Action.REMOVE),
}

WRONG = (b"{}", b"[null]", b'{"id": 1}', b'[{"id": 1}]', b'{"revoked": null}', b"[" * 9999 + b"]" * 9999)
"""Bodies with status 200 that are no answer of its API. An empty list is one: of keys, or of tokens."""
