"""GitHub, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators import github_keys, tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, known, listed

ORG = "acme"
_ONE = frozenset({"github.membership", "github.outside_collaborator", "github.sso_authorizations"})


def _github(kind: str, action: Action, make: Callable[[str], str] | None = None, sort: str = "") -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GitHubSimulator(delay=0.0) as hub:
            names = ("ann", "dana", "zoe")
            hub.add_org(ORG, saml=True)
            hub.add_user("root-owner")
            hub.add_member(ORG, "root-owner", "admin")
            settings = _settings(hub, kind)
            case = Case(kind, hub, settings, (action,), [], unpaged="one a person" if kind in _ONE else "")
            case.person = Account(provider="github", id="", login="dana")
            for name in names:
                hub.add_user(name, email=f"{name}@example.com")
                if kind == "github.outside_collaborator":
                    hub.add_collaborator(ORG, name)
                else:
                    hub.add_member(ORG, name)
                _github_thing(hub, case, name, make, sort)
            case.points = (
                [known(kind) for _ in names]
                if make
                else listed(case, [Account(provider=case.provider, id="", login=name) for name in names])
            )
            if kind not in _ONE and not make:
                case.more = lambda count: [_github_thing(hub, case, "dana", None, "", str(n)) for n in range(count)]
            if make:
                case.unpaged = "a membership is listed, one a person"
                case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


def _settings(hub: GitHubSimulator, kind: str) -> Any:
    if kind == "github.server.ssh_key":
        hub.state.users["root-owner"].site_admin = True
        own = Secret(tokens.github_classic("offkey's own").encode())
        hub.add_token("root-owner", own, scopes=("admin:org", "repo", "site_admin"))
        # The simulator's organisation has SAML, which the server has not: its tokens need no authorization there.
        hub.state.orgs[ORG].saml = False
        return revokers.github.Settings(read=own, write=own, organisations=(ORG,), url=hub.url, server="ghes")
    app = Secret(tokens.github_installation("offkey's own").encode())
    hub.add_app(ORG, app)
    return revokers.github.Settings(read=app, write=app, organisations=(ORG,), url=hub.url)


def _github_thing(
    hub: GitHubSimulator, case: Case, name: str, make: Callable[[str], str] | None, sort: Any, more: str = ""
) -> None:
    if make:
        value = make(name)
        hub.add_app(ORG, value) if sort == "installation" else hub.add_token(name, value, kind=sort, scopes=("repo",))
        case.credentials.append(credential(case.kind, secret=value))
    elif case.kind == "github.pat_grant":
        made = hub.add_token(
            name, tokens.github_fine_grained(name + more), kind="fine-grained", name=f"{name}'s laptop"
        )
        hub.add_grant(ORG, made)
    elif case.kind == "github.deploy_key":
        hub.add_repo(f"{ORG}/shop")
        github_keys.add(hub, tokens.ssh_public(name + more), repo=f"{ORG}/shop", added_by=name)
    elif case.kind == "github.server.ssh_key":
        github_keys.add(hub, tokens.ssh_public(name + more), login=name)
    elif case.kind.startswith("github.sso_authorization"):
        hub.add_authorization(ORG, name, hub.add_token(name, tokens.github_classic(name + more)))


CASES: dict[str, Arrange] = {
    "github.pat.classic": _github("github.pat.classic", Action.REVOKE, tokens.github_classic, "classic"),
    "github.pat.fine_grained": _github(
        "github.pat.fine_grained", Action.REVOKE, tokens.github_fine_grained, "fine-grained"
    ),
    "github.oauth": _github("github.oauth", Action.REVOKE, tokens.github_oauth, "oauth"),
    "github.app.user": _github("github.app.user", Action.REVOKE, tokens.github_app_user, "app user"),
    "github.app.installation": _github(
        "github.app.installation", Action.REVOKE, tokens.github_installation, "installation"
    ),
    "github.membership": _github("github.membership", Action.REMOVE),
    "github.outside_collaborator": _github("github.outside_collaborator", Action.REMOVE),
    "github.pat_grant": _github("github.pat_grant", Action.REVOKE),
    "github.sso_authorization": _github("github.sso_authorization", Action.REVOKE),
    "github.sso_authorizations": _github("github.sso_authorizations", Action.REVOKE),
    "github.deploy_key": _github("github.deploy_key", Action.REVOKE),
    "github.server.ssh_key": _github("github.server.ssh_key", Action.REVOKE),
}

NOT_ARRANGED = {"github.app.refresh": "nothing can ask whether it lives: see test_github.py"}

WRONG = (b"{}", b"[null]", b'{"id": 1, "login": null}', b'[{"id": 1, "owner": null}]', b"[" * 9999 + b"]" * 9999)
"""Bodies with status 200 that are no answer of its API."""
