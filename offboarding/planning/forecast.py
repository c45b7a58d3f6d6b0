"""What will break: the jobs that use what a plan ends, and schedules that run in the leaver's name. Pure.

GitHub runs a scheduled workflow as whoever last committed to its cron line. What becomes of it: docs.github.com,
"Events that trigger workflows", schedule; the ADR on jobs that use secrets has the wording, and where it differs.
"""

from collections.abc import Iterable, Sequence

from offboarding.planning.gather import wrote
from offkey.model import AccessPoint, Action, Bond, Ownership, Person, Plan, Step, Use
from scanner.output.words import brief, of_today, sentence

GITHUB = "github-actions"
SCHEDULE = f"{GITHUB}.schedule"
"""The kind of an access point that is a workflow's schedule."""
BY_HAND = {
    GITHUB: "let somebody who stays commit a change of the cron value to the default branch, or switch the workflow "
    "off (Actions, the workflow, Disable). Else: the schedule of an enterprise managed user stops when the identity "
    "provider suspends the account, and goes on running as the leaver when the account is only taken out of the "
    "organisation; that of any other account is switched off when the account is taken out of the organisation, and "
    "is to be looked at afterwards"
}
"""What people do about schedules."""
ENDING = frozenset({Action.DISABLE, Action.REVOKE, Action.REMOVE, Action.ROTATE, Action.REPLACE, Action.HAND_OVER})
_SHOWN = 8


def breaks(step: Step) -> tuple[str, ...]:
    """Jobs of today that a step stops, unless a step before it has."""
    if step.action not in ENDING or step.after or step.point.kind == SCHEDULE:
        return ()
    return brief(of_today(step.point.usage), _SHOWN)


def lines(plan: Plan) -> Sequence[tuple[str, tuple[int, ...]]]:
    """Each job that will break, in words, with the numbers (from 1) of the steps that break it."""
    found: dict[str, list[int]] = {}
    for number, step in enumerate(plan.steps, start=1):
        if step.action in ENDING and not step.after and step.point.kind != SCHEDULE:
            for use in of_today(step.point.usage):
                found.setdefault(sentence(use), []).append(number)
    return tuple((text, tuple(numbers)) for text, numbers in sorted(found.items(), key=lambda one: (one[1], one[0])))


def schedules(person: Person, uses: Iterable[Use]) -> tuple[AccessPoint, ...]:
    """GitHub's scheduled workflows whose cron line the person was the last to change."""
    found = []
    for use in sorted(uses, key=lambda use: (use.repo, use.path)):
        author = use.changed
        if use.system != GITHUB or not use.present or author is None or not wrote(person, author):
            continue
        said = (
            f"{author.name} <{author.raw_email}> was the last to change the cron line ({', '.join(use.when)}), in "
            f"commit {author.commit[:12]} (a field that any committer can write): it stops, or goes on as the leaver"
        )
        found.append(
            AccessPoint(
                id=f"schedule:{use.repo}:{use.path}",
                provider=GITHUB,
                kind=SCHEDULE,
                ownership=Ownership.SHARED,
                bond=Bond.INTRODUCED,
                provider_id=f"{use.repo.rstrip('/').rpartition('/')[2]}/{use.path}",
                evidence=(said,),
                usage=(use,),
            )
        )
    return tuple(found)
