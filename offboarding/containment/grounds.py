"""What a containment stands on, asked anew before every step: the directory's word, the signatures, the switches."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from offboarding.approval.duties import Duties
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.containment import consent, departure, kept
from offboarding.containment.kept import Kept
from offboarding.containment.standing import Standing, StandingRefused
from offboarding.identity import directory, overrides, people
from offboarding.identity.directory import Directory
from offboarding.ledger.ledger import Ledger
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import Person, Plan, Trigger
from offkey.warrant import Warrant


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is asked for: whom, in which run, why. `standing` names a standing approval; "" the newest that holds.

    `source` is the configuration's file, read again for its switch; None where there is none.
    """

    config: Config
    source: Path | None
    state: Path
    ledger: Ledger
    run: str
    subject: str
    trigger: Trigger
    register: Path
    key: OrgKey
    early: bool = False
    standing: str = ""


class Grounds:
    """The directory is read again whenever one of its files has changed since; all else is asked every time."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._lock = threading.Lock()
        self._read: tuple[str, Directory, Person] | None = None
        self.standing: Standing = self._chosen().standing

    def people(self) -> Directory:
        """The directory as its files are now."""
        return self._fresh()[1]

    def person(self) -> Person:
        """Who leaves, as the directory has it now. Raises NotConfirmed or TooEarly where that is in doubt."""
        setting, person = self.setting, self._fresh()[2]
        now = setting.ledger.now()
        departure.check(person, setting.trigger, setting.config.limits(), now, early=setting.early)
        return person

    def kept(self) -> Kept:
        """The standing approval as the ledger has it now."""
        found = kept.every(self.setting.ledger).get(self.standing.digest)
        if found is None:
            raise StandingRefused(f"the ledger does not know {self.standing.id}", advice="`offkey standing list`")
        return found

    def stopped(self) -> str:
        """Why nothing may be done any more, or "": asked before every request that changes something."""
        setting = self.setting
        if setting.source is not None and not _enabled(setting.source):
            return f"[standing] in {setting.source} is not enabled"
        return kept.stopped(setting.state, setting.ledger, self.standing.digest)

    def warrant(self, plan: Plan) -> Warrant:
        """What a Writer needs for this plan of containment, everything verified now. Raises StandingRefused, others."""
        person = self.person()
        if (person.id, person.accounts, person.emails) != (plan.person.id, plan.person.accounts, plan.person.emails):
            raise StandingRefused(
                f"the directory has changed what it says of {plan.person.id}", advice="run `offkey contain` again"
            )
        setting = self.setting
        return consent.warrant(
            self.kept(),
            plan,
            setting.register,
            self.people(),
            now=setting.ledger.now(),
            duties=self.duties,
            stopped=self.stopped,
        )

    @property
    def duties(self) -> Duties:
        """Who may approve, by the configuration."""
        return self.setting.config.approvers.duties(self.setting.config.policy.four_eyes)

    def holding(self, one: Kept) -> None:
        """Raise StandingRefused unless it holds now, whoever is to be contained."""
        setting = self.setting
        now, key_id = setting.ledger.now(), setting.key.id
        consent.holding(one, setting.register, now, self.people(), key_id=key_id, duties=self.duties)

    def _chosen(self) -> Kept:
        """The one that was named, else the newest that holds; where none does, the reason for the newest."""
        setting = self.setting
        if setting.standing:
            return kept.named(setting.ledger, setting.standing)
        refused: OffkeyError | None = None
        for one in reversed(kept.every(setting.ledger).values()):
            try:
                self.holding(one)
            except StandingRefused as error:
                refused = refused or error
            else:
                return one
        raise refused or StandingRefused(
            "there is no standing approval", advice="`offkey standing make`, signed by two approvers in advance"
        )

    def _fresh(self) -> tuple[str, Directory, Person]:
        with self._lock:
            setting = self.setting
            digest = _digest(_files(setting.config))
            if self._read is None or self._read[0] != digest:
                told = setting.config.directory
                found = directory.load(told.people, told.exports)
                person = people.resolve(setting.subject, found, (), overrides=overrides.load(told.overrides))
                self._read = (digest, found, person)
            return self._read


def _files(settings: Config) -> Iterator[Path]:
    told = settings.directory
    yield from (path for path in (told.people, *told.exports, told.overrides) if path is not None)


def _digest(files: Iterator[Path]) -> str:
    """Over the content of the files: a file may be rewritten within the clock's grain."""
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.read_bytes() if path.exists() else b"")
        whole.update(b"\0")
    return whole.hexdigest()


def _enabled(source: Path) -> bool:
    """Whether the configuration still lets standing approvals be used; one that cannot be read does not."""
    try:
        return config.load(source).standing.enabled
    except (OffkeyError, OSError):
        return False
