"""What is looked up about a finding: whose the jobs are that use it."""

import pytest

from offboarding.ownership import facts
from offboarding.planning.gather import gather
from offkey.model import Bond, Use
from tests.offboarding.cases import LEAVER, NOW, author, finding


def use(present: bool = True, email: str = "sam@example.com") -> Use:
    changed = author(email, "Sam")
    return Use(
        system="github-actions", repo="/r/shop", path=".github/workflows/deploy.yml", line=3, job="release",
        name="DEPLOY_KEY", present=present, changed=changed, note="by name",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("used", "bond", "said"),
    [
        (use(), Bond.EXPOSED, True),
        (use(present=False), Bond.NONE, False),
        (use(email="ann@example.com"), Bond.NONE, False),
    ],
)
def test_whoever_last_changed_a_job_that_uses_it_today_was_within_its_reach(used: Use, bond: Bond, said: bool) -> None:
    stranger = author("bob@example.com", "Bob")
    found = finding(introduced=stranger, usage=(used,), places=())
    told = facts.collect([found], {}, facts.Sources(), is_theirs=lambda one: one == "sam@example.com", gaps=[], now=NOW)
    known = {key: facts.Facts(exposed=bool(one.exposed), notes=one.notes) for key, one in told.items()}
    (point,) = gather(LEAVER, [found], (), {}, ownership={}, ids={}, facts=known)
    assert point.bond is bond
    assert any("was the last to change" in line and "release" in line for line in point.evidence) is said
