"""Does an opt-out hold now? Asked at every use, from the beginning; whatever cannot be shown means that it does not.

Whoever may write to the ledger can make events, but no signature of an owner: request and approval are held against
each other, against the configuration and the directory as they are now, and against the register of keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from offboarding.approval import signing
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.ledger import Ledger
from offboarding.optouts import history
from offboarding.optouts.history import Known
from offboarding.optouts.request import bare, ident, immutable_ids, is_theirs, statement, unsound
from offboarding.optouts.settings import OptOuts
from offkey.errors import OffkeyError
from offkey.model import OptOut, timestamp

PENDING = "nobody has approved it"


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Everything that an opt-out is held against. `people` reads the directory anew each time it is called."""

    settings: OptOuts
    register: Path | None
    configured: frozenset[str]
    kinds: frozenset[str]
    people: Callable[[], Directory]
    ledger: Ledger
    now: Callable[[], datetime]

    def known(self) -> dict[str, Known]:
        """Every opt-out that the ledger tells of."""
        return history.known(self.ledger.events(history.RUN))

    def moment(self) -> datetime:
        """Now, or the latest that the ledger tells: a clock that was moved back revives nothing."""
        return max(self.now(), self.ledger.latest() or self.now())

    def why_not(self, optout: OptOut) -> str:
        """Why an opt-out of a plan does not hold now; empty when it does."""
        one = self.known().get(optout.id)
        if one is None:
            return "the ledger does not know it"
        held, why = self.judged(one, self.moment())
        return "the ledger has it otherwise" if held is not None and bare(held) != bare(optout) else why

    def standing(self, refused: Callable[[Known, str], None] = lambda one, why: None) -> tuple[OptOut, ...]:
        """All that hold now. `refused` is told of each approved one that does not, but for those that have ended."""
        moment, held = self.moment(), []
        for one in self.known().values():
            optout, why = self.judged(one, moment)
            if optout is not None:
                held.append(optout)
            elif one.approvals and not (one.cancelled or one.expired or _is_to_come(one, moment)):
                refused(one, why)
        return tuple(held)

    def judged(self, one: Known, moment: datetime) -> tuple[OptOut | None, str]:
        """The approved opt-out that holds, or None and why none does."""
        try:
            why = self._asked(one, moment)
        except OffkeyError as error:  # a directory or register that cannot be read
            why = f"it cannot be verified: {error}"
        if why:
            return None, why
        for optout in reversed(one.approvals):
            try:
                why = self.approval_fault(one, optout, moment)
            except OffkeyError as error:
                why = f"it cannot be verified: {error}"
            if not why:
                return optout, ""
        return None, why or PENDING

    def _asked(self, one: Known, moment: datetime) -> str:
        """What speaks against it whoever approved it."""
        optout = one.optout
        if one.broken or optout is None:
            return one.broken or "the ledger does not say who asked for it"
        if one.cancelled:
            return one.cancelled
        if one.expired is not None or moment >= optout.expires_at:
            return f"it ended at {timestamp(min(filter(None, (one.expired, optout.expires_at))))}"
        if moment < optout.not_before:
            return f"it begins at {timestamp(optout.not_before)}"
        if optout != bare(optout) or ident(optout) != optout.id:
            return "it is not what was asked for: the event was edited"
        return unsound(optout, self.settings, set(self.configured), set(self.kinds)) or self._left(optout, moment)

    def _left(self, optout: OptOut, moment: datetime) -> str:
        """What the directory, as it is now, says against it."""
        people = self.people()
        entry = next((entry for entry in people.entries if entry.id == optout.subject), None)
        if entry is None:
            return f"the directory does not know {optout.subject} any more"
        if is_theirs(optout.requester, entry, people):
            return f"{optout.requester} is {optout.subject}, and nobody asks for an opt-out of their own"
        if not set(optout.subject_ids) <= set(immutable_ids(entry)):
            return f"{optout.subject} is another person in the directory now, or has other accounts"
        if _gone(entry, moment) and not optout.allow_after_disable:
            return f"the directory says that {optout.subject} has left, which it does not cover"
        return ""

    def asked_fault(self, one: Known) -> str:
        """Why nobody may approve it any more, or yet; empty where they may. It may begin later."""
        moment = self.moment()
        if one.optout is not None:
            moment = max(moment, one.optout.not_before)
        try:
            return self._asked(one, moment)
        except OffkeyError as error:
            return f"it cannot be verified: {error}"

    def approval_fault(self, one: Known, optout: OptOut, moment: datetime) -> str:
        """Why a signed yes to what was asked for does not count at a moment; empty when it does."""
        if one.optout is None or bare(optout) != one.optout:
            return "what was approved is not what was asked for"
        if optout.approved_at is None or not optout.requested_at <= optout.approved_at <= moment:
            return "it was approved at a time that cannot be"
        why = self.approver_fault(optout, moment)
        if why:
            return why
        if not optout.signature or self.register is None:
            return "the approval is not signed" if not optout.signature else "no register of approvers is configured"
        signing.verify(
            statement(optout), optout.signature, optout.approver, self.register, moment, namespace=signing.OPT_OUTS
        )
        return ""

    def approver_fault(self, optout: OptOut, moment: datetime) -> str:
        """Why this approver may not: no owner, the one who asked, the subject by whichever address, or gone."""
        name, people = normal_email(optout.approver), self.people()
        if not self.settings.may_approve(name, optout):
            return f"{optout.approver} is no owner of {', '.join(optout.scope.systems)}"
        owner, asker = people.owner_of(name), people.owner_of(optout.requester)
        if name == normal_email(optout.requester) or (owner and asker and owner.id == asker.id):
            return f"{optout.approver} asked for it"
        subject = next((entry for entry in people.entries if entry.id == optout.subject), None)
        if subject and is_theirs(name, subject, people):
            return f"{optout.approver} is the person whom it is about"
        if owner and _gone(owner, moment):
            return f"the directory says that {optout.approver} has left"
        return ""


def _is_to_come(one: Known, moment: datetime) -> bool:
    return one.optout is not None and moment < one.optout.not_before


def _gone(entry: Entry, moment: datetime) -> bool:
    return entry.left_at is not None and entry.left_at <= moment
