"""How e-mail addresses are compared, and what an address says by itself: whose account, a machine's, a platform's.

GitHub's no-reply address carries an immutable account id since July 2017, `ID+login@users.noreply.github.com`
(https://docs.github.com/en/account-and-profile/reference/email-addresses-reference); GitLab's is
`ID-login@users.noreply.gitlab.com`.
"""

import re
from typing import NamedTuple

from scanner.commits import machines

GMAIL = frozenset({"gmail.com", "googlemail.com"})

PLATFORM_ADDRESSES = frozenset(
    {"noreply@github.com", "actions@github.com", "action@github.com", "support@github.com", "noreply@gitlab.com"}
)
_MACHINES = (
    "root ci cd admin administrator ubuntu debian ec2-user centos fedora vagrant docker jenkins build builder buildbot "
    "deploy deployer deployment gitlab-runner runner bot robot system service svc nobody www-data postgres mysql guest "
    "team devs developers devops ops support test tester testing user noreply no-reply security release releases "
    "automation unknown none null invalid anonymous localhost you email"
)
_VANITY = "git github gitlab dev me mail info hello hi contact code"
SHARED_LOCAL_PARTS = frozenset(_MACHINES.split())
VANITY_LOCAL_PARTS = frozenset(_VANITY.split())
"""Shared in a company, and what many people call their own address at a domain of their own."""
_NO_REPLY = (
    ("github", re.compile(r"(?:(?P<id>\d+)\+)?(?P<login>[^@+]+)@users\.noreply\.github\.com")),
    ("gitlab", re.compile(r"(?:(?P<id>\d+)-)?(?P<login>[^@]+)@users\.noreply\.gitlab\.com")),
)


class NoReply(NamedTuple):
    """Whose no-reply address it is; `id` is empty in the old form."""

    provider: str
    id: str
    login: str


def normal_email(address: str) -> str:
    """The form in which addresses are compared: no case, and for Gmail no dots and no plus tag.

    https://support.google.com/mail/answer/7436150 for the dots.
    """
    local, at, domain = address.strip().strip("<>").casefold().rpartition("@")
    if domain in GMAIL:
        local, domain = local.partition("+")[0].replace(".", ""), "gmail.com"
    return f"{local}{at}{domain}"


def no_reply(address: str) -> NoReply | None:
    """What a provider's no-reply address (in normal form) says; None for any other address."""
    for provider, pattern in _NO_REPLY:
        if match := pattern.fullmatch(address):
            return NoReply(provider, match["id"] or "", match["login"])
    return None


def handle(address: str) -> str:
    """What a person chose in an address: the login of a no-reply address, else the local part without a plus tag."""
    account = no_reply(address)
    return account.login if account else address.partition("@")[0].partition("+")[0]


def is_impersonal(local: str) -> bool:
    """Whether a local part is one that machines or many people commit as, or none at all (`?@?`)."""
    return local in SHARED_LOCAL_PARTS or local in VANITY_LOCAL_PARTS or not any(map(str.isalnum, local))


def is_bot(name: str, address: str) -> bool:
    """Whether either is a known machine's."""
    return machines.is_bot(name) or machines.is_bot(address)
