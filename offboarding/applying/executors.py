"""Who carries out the steps: one executor a provider, and one for removal from code.

An executor asks, acts once, and asks again; it decides nothing. `apply` keeps the order, the ledger and the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from offboarding.remedy.executor import Remedy
from offboarding.remedy.forge import NothingToPropose
from offkey.http import Reader, Writer
from offkey.model import Check, Credential, Exchange, Liveness, Step
from revokers.protocol import NotAutomatic, NotIdentified, Revoker, Undoes, reached

REMEDY = "remedy"
"""The name under which the executor for Action.REWRITE stands in the mapping given to `apply`."""


class Executor(Protocol):
    """`exchanges` grows by each redacted request and answer. A failure is an OffkeyError or an UNKNOWN, never a guess.

    For REWRITE: DEAD means that no branch tip holds the value, and the status "proposed" that a pull request waits.
    """

    @property
    def exchanges(self) -> Sequence[Exchange]: ...

    def before(self, step: Step, credential: Credential | None) -> Check:
        """What is so now. Changes nothing."""

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        """Do it, once; the last exchange says how it went. Raises NotIdentified, NotAutomatic: nothing was sent."""

    def after(self, step: Step, credential: Credential | None) -> Check:
        """What is so now, after the act. Changes nothing."""

    def reached(self, step: Step, check: Check) -> bool:
        """Whether the check proves that this very step's end is reached."""


@dataclass(frozen=True, slots=True)
class ProviderExecutor:
    """Carries out steps through an instance's revoker, with one Writer for all of them; a Reader can ask alone."""

    revoker: Revoker
    http: Reader
    settings: Any

    @property
    def exchanges(self) -> Sequence[Exchange]:
        return self.http.exchanges

    def before(self, step: Step, credential: Credential | None) -> Check:
        return self.revoker.state(self.http, self.settings, step.point, credential)

    after = before

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        return (self.revoker.revoke(self._writer(step), self.settings, step.action, step.point, credential),)

    def undo(self, step: Step, credential: Credential | None) -> Exchange:
        """Switch on again what the step switched off. Raises NotAutomatic where the provider's module cannot."""
        if not isinstance(self.revoker, Undoes):
            raise NotAutomatic(f"{self.revoker.PROVIDER}: nothing here switches it on again", advice=step.how)
        return self.revoker.undo(self._writer(step), self.settings, step.point, credential)

    def _writer(self, step: Step) -> Writer:
        if not isinstance(self.http, Writer):
            raise NotAutomatic(f"nothing is ended at {step.point.provider}", advice=step.how)
        return self.http

    def reached(self, step: Step, check: Check) -> bool:
        """By the option that the step came from; for what people do (HAND_OVER, ROTATE) by any death that lasts."""
        ways = self.revoker.HANDLES.get(step.point.kind, ())
        same = [way for way in ways if way.action is step.action]
        # A step may need a yes that its kind does not always need.
        same = [way for way in same if way.needs == step.needs] or same
        if same:
            return any(reached(way, check) for way in same)
        final = [way for way in ways if not way.reversible]
        return check.liveness is Liveness.DEAD and (not final or any(reached(way, check) for way in final))


@dataclass(slots=True)
class RemedyExecutor:
    """Removal from code, with the value at hand in memory alone."""

    remedy: Remedy
    exchanges: list[Exchange] = field(default_factory=list)

    def before(self, step: Step, credential: Credential | None) -> Check:
        return self.remedy.before(step, _at_hand(step, credential))

    after = before

    def act(self, step: Step, credential: Credential | None) -> tuple[Exchange, ...]:
        try:
            done = self.remedy.act(step, _at_hand(step, credential))
        except NothingToPropose as error:
            raise NotAutomatic(str(error), advice=error.advice) from error
        self.exchanges += done
        return done

    def reached(self, step: Step, check: Check) -> bool:
        return check.liveness is Liveness.DEAD


def _at_hand(step: Step, credential: Credential | None) -> Credential:
    if credential is None:
        raise NotIdentified(f"the value of {step.point.id} is not at hand", advice="plan again")
    return credential


Executors = Mapping[str, Executor]
