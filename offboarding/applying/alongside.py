"""What else a plan has in the repository of a REWRITE step: the executor takes all that is dead out in one commit."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from offboarding.applying.outcomes import ended
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.remedy.executor import Beside
from offboarding.remedy.holding import values_of
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Action, Credential, Plan, Step


def beside(plan: Plan, ledger: Ledger, credentials: Callable[[AccessPoint], Credential]) -> Beside:
    """By what the ledger says at the moment of asking. `credentials` re-reads a value, as `apply` does."""

    def ready(step: Step) -> list[tuple[Step, Credential]]:
        receipts = past(ledger.events(plan.run)).receipts
        others = [one for one in _rewrites(plan, step) if one.id != step.id and ended(plan.steps, receipts, one)]
        return [(replace(one, needs=""), value) for one in others for value in _read(one)]

    def known(step: Step) -> list[bytes]:
        values = [value for one in _rewrites(plan, step) for value in _read(one)]
        return [value for credential in values for value in values_of(credential).values()]

    def _read(step: Step) -> Iterator[Credential]:
        try:
            yield credentials(step.point)
        except OffkeyError:
            return  # its own step says that the value is gone

    return Beside(ready=ready, known=known)


def _rewrites(plan: Plan, step: Step) -> list[Step]:
    """The REWRITE steps of the same repository, in the plan's order."""
    repos = {place.repo for place in step.point.places}
    return [
        one
        for one in plan.steps
        if one.action is Action.REWRITE and one.point.fingerprint and repos & {place.repo for place in one.point.places}
    ]
