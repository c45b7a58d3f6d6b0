"""Netlify: a personal access token names its user while it lives; its user deletes it by hand.

`GET /user` answers 200 with the user. Nothing proves death: the description has one answer for every error, and what a
deleted token is answered is not documented. So a refusal stays UNKNOWN. No call of the API ends a token; a team's owner
removes the person from the team, which ends what the token can reach there.

https://docs.netlify.com/api-and-cli-guides/api-guides/get-started-with-api/
https://github.com/netlify/open-api: swagger.yml
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, bearer
from offkey.model import Account, Check, Credential
from revokers import by_itself
from revokers.parts import answered, by_hand, fields, live, unexpected
from revokers.protocol import Option

PROVIDER = "netlify"
URL = "https://api.netlify.com/api/v1"
HOSTS = frozenset({"api.netlify.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)
Settings = by_itself.Settings

HANDLES: Mapping[str, tuple[Option, ...]] = {
    "netlify.pat": by_hand(
        "Its user deletes it at https://app.netlify.com/user/applications (Personal access tokens), where it is then "
        "listed no more. If the user has left, a team's owner removes them under Members of the team."
    ),
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's id and e-mail address."""
    answer = http.request("GET", "/user", headers=bearer(credential.secret), hide=(credential.secret,))
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /user", "id", "email")
    holder = Account(provider=PROVIDER, id=str(body["id"]), login=str(body["email"]), email=str(body["email"]))
    return live(http, f"signs in as {holder.login}", holder)


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
