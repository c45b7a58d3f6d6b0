"""Docker Hub's lists: an organisation's members and access tokens, and the personal tokens of the account configured.

The configured credential has two parts, `identifier` and `secret`, and is exchanged for a short-lived token before each
round of questions. A list is believed when it has as many rows as it says; the list of members is never empty.

https://docs.docker.com/reference/api/hub/latest/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Reader, bearer
from offkey.model import AccessPoint, Account, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, dead, fields, live, or_gap, pages, pair, when
from revokers.protocol import LAST_OWNER, NotIdentified, Unclear

PROVIDER = "docker"
PAT, OAT, MEMBER = "docker.pat", "docker.oat", "docker.member"
NEEDS: Mapping[str, str] = {
    "an owner of the organisation": "reading members and organisation tokens; apply: ending them",
    "the account's own password": "listing and ending that account's personal tokens; a personal token may not",
}
_LISTS = {PAT: ("/v2/access-tokens", "count", "uuid"), OAT: ("/v2/orgs/{name}/access-tokens", "total", "id")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` have two parts: a Docker name (or the organisation's) and its password or access token."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """One signed-in view. `name` is the account that `token` was given to."""

    http: Reader
    token: Secret
    name: str

    def options(self, **path: str) -> dict[str, Any]:
        return {"path": path, "headers": bearer(self.token), "hide": (self.token,)}

    def tokens(self, kind: str, org: str = "") -> dict[str, dict[str, Any]]:
        """Every token by its id: the organisation's, or for PAT the account's own. Raises Unclear."""
        template, count, name = _LISTS[kind]
        params, found, total = {"page_size": "100"}, {}, -1
        for answer in pages(
            self.http, template, _next, params=params, **self.options(**({"name": org} if org else {}))
        ):
            body = fields(answer, f"{org or self.name}: access tokens", count, "results")
            total = body[count]
            found.update({str(row[name]): row for row in body["results"]})
        if len(found) != total:
            raise Unclear(f"{org or self.name}: {len(found)} of {total} access tokens were listed")
        return found

    def members(self, org: str) -> list[dict[str, Any]]:
        """Raises Unclear where there is none: an organisation has an owner."""
        template, found = "/v2/orgs/{org_name}/members", []
        for answer in pages(self.http, template, _next, params={"page_size": "100"}, **self.options(org_name=org)):
            page = _page(answer)
            if answer.status != 200 or not isinstance(page, dict) or "results" not in page:
                fields(answer, f"{org}: members", "results")
                raise Unclear(f"{org}: the members are not listed")
            found += [{**row, "holder": _holder(row)} for row in page["results"]]
        return rosters.whole(found, f"{org}: members")


def signed_in(http: Reader, settings: Settings, *, write: bool = False) -> Hub:
    """Raises Unclear when Docker does not take the configured credential."""
    name, secret = pair(configured(settings, write=write))
    given = {"identifier": name.reveal().decode(), "secret": secret.reveal().decode()}
    answer = http.request("POST", "/v2/auth/token", json=given, hide=(secret,))
    token = fields(answer, "POST /v2/auth/token", "access_token")["access_token"]
    return Hub(http, Secret(token.encode()), given["identifier"])


def _page(answer: Answer) -> Any:
    """The description says that members come as an array of pages; a bare page is taken too."""
    return answer.json[0] if isinstance(answer.json, list) and answer.json else answer.json


def _next(answer: Answer) -> Mapping[str, str] | None:
    page = _page(answer)
    if not isinstance(page, dict) or not page.get("next"):
        return None
    number = str(page["next"]).partition("page=")[2].partition("&")[0]
    return {"page": str(int(number))}


def _holder(row: Mapping[str, Any]) -> Account:
    return Account(provider=PROVIDER, id=str(row["id"]), login=str(row["username"]), email=str(row.get("email") or ""))


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """Membership and the organisation tokens that the member made; personal tokens where the account is configured."""
    yield from rosters.in_each(
        PROVIDER, settings.organisations, lambda org: _in(http, settings, org, account), [*NEEDS][:1]
    )
    yield from or_gap("docker: personal access tokens", _own(http, settings, account), needs=[*NEEDS][1:])


def _in(http: Reader, settings: Settings, org: str, account: Account) -> Iterator[AccessPoint | Gap]:
    hub = signed_in(http, settings)
    everybody = hub.members(org)
    member = rosters.the_one([row for row in everybody if rosters.same(row["holder"], account)], account, org)
    if member is None:
        return
    holder, role = member["holder"], member["role"]
    owners = [row for row in everybody if row["role"] == "Owner"]
    alone = (LAST_OWNER,) if owners == [member] else ()
    check = live(http, f"{role} of {org}", holder)
    yield rosters.point(MEMBER, f"{org}/{holder.login}", holder, check, f"{org} lists a {role}", *alone)
    yield from or_gap(f"docker {org}: access tokens", _made_by(hub, org, holder), needs=NEEDS)


def _made_by(hub: Hub, org: str, holder: Account) -> Iterator[AccessPoint]:
    for ident, row in hub.tokens(OAT, org).items():
        if row["created_by"] == holder.login:
            evidence = (f"{org} lists an organisation token that {holder.login} made: {row['label']}",)
            made = rosters.point(OAT, f"{org}/{ident}", holder, said(hub.http, row, holder), *evidence)
            yield replace(made, ownership=Ownership.SHARED, last_used=when(row.get("last_used_at")))


def _own(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    name = pair(configured(settings))[0].reveal().decode()
    if account.login != name:  # Docker lists personal tokens to their own account alone
        return
    hub = signed_in(http, settings)
    holder = replace(account, provider=PROVIDER)
    for ident, row in hub.tokens(PAT).items():
        evidence = f"{name} lists its token {row['token_label']}"
        made = rosters.point(PAT, f"{name}/{ident}", holder, said(http, row, holder), evidence)
        yield replace(made, last_used=when(row.get("last_used")))


def said(http: Reader, row: Mapping[str, Any] | None, holder: Account | None) -> Check:
    """What a list says of a token; None: it has it no more."""
    if row is None:
        return dead(http, "no longer listed", holder, "deleted")
    if row["is_active"] is True:
        return live(http, "listed as active", holder)
    if row["is_active"] is False:
        return dead(http, "listed as inactive", holder, "inactive")
    raise Unclear("the list does not say whether it is active")


def where(settings: Settings, hub: Hub, point: AccessPoint) -> tuple[str, str]:
    """(organisation or account, id). Raises NotIdentified for another than the configured ones."""
    known = (hub.name,) if point.kind == PAT else settings.organisations
    place, ident = rosters.where(known, point)
    if point.kind == MEMBER and (point.holder is None or point.holder.login != ident):
        raise NotIdentified(f"{point.id} is not its holder's", advice="plan again")
    return place, ident
