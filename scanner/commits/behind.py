"""The people behind a commit that a machine wrote or a hosting service squashed, as its message names them.

Evidence, and no more: whoever commits writes the message. The forms are those of GitHub ("title (#12)", "Merge pull
request #12 from user/branch"), GitLab ("See merge request group/project!12"), Bitbucket ("Merged in branch (pull
request #12)", "Pull request #12: title") and Azure Repos ("Merged PR 12: title").
"""

import re
from collections.abc import Iterator

from offkey.found import Authorship
from scanner.commits.authors import Credits
from scanner.commits.machines import sounds_like_machine

_PULLS = (
    re.compile(r"\AMerge pull request #(?P<number>\d{1,9}) from (?P<owner>[A-Za-z0-9-]{1,39})/"),
    re.compile(r"\A(?:Merged PR|Pull request) #?(?P<number>\d{1,9}):", re.IGNORECASE),
    re.compile(r"\A[^\n]{0,1000}\((?:pull request )?#(?P<number>\d{1,9})\)\s*(?:\n|\Z)"),
    re.compile(r"^See merge request \S{0,200}!(?P<number>\d{1,9})\s*$", re.MULTILINE),
)
"""No more is quoted than numbers and names of accounts: the rest of a message may hold what is being reported."""
_SIGNED = re.compile(r"^Signed-off-by: {1,4}([^<>\n]{0,200}<[^<>\s]{1,200}>)\s*$", re.MULTILINE | re.IGNORECASE)
_HOST = frozenset({"noreply@github.com", "noreply@gitlab.com"})
_SHOWN = 20


def behind(credits: Credits, name: str) -> list[str]:
    """Lines of evidence about the people behind a commit, which is called `name`; none for a person's ordinary one."""
    pull = _pull(credits.message)
    machine = sounds_like_machine(credits.author.name) or sounds_like_machine(credits.author.raw_email)
    hosted = credits.committer is not None and credits.committer.raw_email.lower() in _HOST
    lines = [f"{credits.author.name} looks like a machine, not a person"] if machine else []
    if pull:
        lines.append(f"the message of {name} names {pull}")
    if hosted:
        assert credits.committer is not None
        lines.append(
            f"{name} was committed by the hosting service ({credits.committer.raw_email}), "
            "as squash merges and edits in the browser are"
        )
    if machine or pull or hosted:
        people = [who for who in dict.fromkeys(_people(credits, machine=machine, hosted=hosted)) if who]
        lines += [f"behind {name} may stand {who}" for who in people[:_SHOWN]]
    return lines


def _pull(message: str) -> str:
    """The pull or merge request that a message names, in plain words, or nothing."""
    for form in _PULLS:
        if match := form.search(message):
            owner = match.groupdict().get("owner")
            what = "merge request !" if match[0].startswith("See ") else "pull request #"
            return f"{what}{match['number']}{f' from {owner}' if owner else ''}"
    return ""


def _people(credits: Credits, *, machine: bool, hosted: bool) -> Iterator[str]:
    for who in credits.coauthors:
        yield f"its co-author {_shown(who)}"
    for signed in _SIGNED.findall(credits.message):
        if credits.author.raw_email not in signed:
            yield f"{signed.strip()}, who signed it off"
    committer = credits.committer
    if machine and committer and not hosted and committer.raw_email != credits.author.raw_email:
        yield f"its committer {_shown(committer)}"


def _shown(who: Authorship) -> str:
    return f"{who.name} <{who.email}>"
