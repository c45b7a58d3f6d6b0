"""Looks up what is to be known of each finding: signature, pusher, whether the person was there, whose jobs use it.

Everything here reads repositories and files that the organisation keeps; nothing is asked of anybody.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from offboarding.ownership import presence, pushes, signatures
from offboarding.ownership.presence import Graph
from offboarding.ownership.pushes import Push
from offboarding.ownership.signatures import Signed, Signers
from offboarding.ownership.testimony import Facts
from offkey.errors import OffkeyError
from offkey.model import Account, Finding, Gap
from scanner.output.words import job, of_today
from scanner.repository.git import Git
from scanner.repository.objects import object_id

_GIT = frozenset({"blob", "commit", "tag"})


@dataclass(frozen=True)
class Sources:
    """What the organisation vouches for, besides providers: who signs with what, and who pushed what."""

    signers: Signers = field(default_factory=Signers)
    pushes: Sequence[Push] = ()


def sources(allowed_signers: Path | None, keyring: Path | None, push_log: Path | None) -> Sources:
    """The files as configured. Raises SettingsError and UsageError."""
    return Sources(signatures.load(allowed_signers, keyring), pushes.load(push_log))


def collect(
    findings: Sequence[Finding],
    gits: Mapping[str, Git],
    given: Sources,
    *,
    is_theirs: Callable[[str], bool],
    gaps: list[Gap],
    now: datetime,
    readable: Container[str] = (),
) -> dict[str, Facts]:
    """Facts by fingerprint.

    `gits` are the repositories by their places' name, `is_theirs` says whether an address is, or may be, the person's.
    `readable` are repositories of an organisation that lists the person as a member. What could not be read is added to
    `gaps`, and then it is not known who was there.
    """
    desk = _Desk(gits, given, is_theirs, gaps, now, readable)
    return {finding.fingerprint: desk.look(finding) for finding in findings}


@dataclass
class _Desk:
    gits: Mapping[str, Git]
    given: Sources
    is_theirs: Callable[[str], bool]
    gaps: list[Gap]
    now: datetime
    readable: Container[str]
    graphs: dict[str, Graph | None] = field(default_factory=dict)
    signed: dict[str, Signed | None] = field(default_factory=dict)
    pushed: dict[str, tuple[Account | None, str]] = field(default_factory=dict)

    def look(self, finding: Finding) -> Facts:
        repos = {place.repo: self._graph(place.repo) for place in finding.places if place.object_type in _GIT}
        commit = finding.introduced.commit if finding.introduced else ""
        home = next((name for name, graph in repos.items() if graph is not None and graph.holds(commit)), None)
        exposed, notes = self._presence(finding, repos)
        jobs = list(self._jobs(finding))
        signed = self._signature(home, commit) if home else None
        account, told = self._pusher(home, commit) if home else (None, "")
        notes += [signed.words] if signed and (signed.by or self.given.signers.configured) else []
        notes += [told] if told else []
        notes += [*jobs, *_ended(finding, self.now)]
        was_there = True if jobs else exposed
        return Facts(signed_by=signed.by if signed else "", pushed_by=account, exposed=was_there, notes=tuple(notes))

    def _jobs(self, finding: Finding) -> Iterator[str]:
        """The jobs of today that use the value, where the person was the last to change them."""
        for use in of_today(finding.usage):
            if use.changed is not None and self.is_theirs(use.changed.raw_email or use.changed.email):
                who = f"{use.changed.name} <{use.changed.raw_email or use.changed.email}>"
                yield f"{who} was the last to change {job(use)}, which uses it (a field that any committer can write)"

    def _graph(self, repo: str) -> Graph | None:
        if repo not in self.graphs:
            self.graphs[repo] = None
            try:
                git = self.gits.get(repo) or Git(Path(repo))
                self.graphs[repo] = presence.read(git, self.is_theirs)
            except OffkeyError as error:
                why = f"it is not known whether the person worked there: {error}"
                self.gaps.append(Gap(where=repo, why=why, advice=error.advice))
        return self.graphs[repo]

    def _presence(self, finding: Finding, repos: Mapping[str, Graph | None]) -> tuple[bool | None, list[str]]:
        """True where the person worked in one of the repositories since; None where that is not known of all."""
        answers: list[bool | None] = [None] if any(p.object_type not in _GIT for p in finding.places) else []
        for name, graph in sorted(repos.items()):
            commits = {place.commit for place in finding.places if place.repo == name and place.commit}
            commits |= {finding.introduced.commit} if finding.introduced else set()
            told = [graph.worked_since(commit) for commit in sorted(commits)] if graph else []
            sure = [answer for answer in told if answer is not None]
            answers.append(any(sure) if sure else None)
            if any(sure):
                return True, [f"the person has commits in {Path(name).name} that are not older than it"]
            if name in self.readable:
                return True, [f"the provider lists the person in the organisation that keeps {Path(name).name}"]
        if None in answers or not answers:
            return None, ["it is not known who could read the place where it lay"]
        return False, []

    def _signature(self, repo: str, commit: str) -> Signed | None:
        if commit not in self.signed:
            git = self.gits.get(repo) or Git(Path(repo))
            content = git.run("cat-file", "commit", commit, check=False)
            same = object_id("commit", content, git.object_format) == commit
            self.signed[commit] = signatures.check(content, self.given.signers) if same else None
        return self.signed[commit]

    def _pusher(self, repo: str, commit: str) -> tuple[Account | None, str]:
        graph = self._graph(repo)
        if commit not in self.pushed and graph is not None:
            self.pushed[commit] = pushes.pusher(self.given.pushes, graph, commit)
        return self.pushed.get(commit, (None, ""))


def _ended(finding: Finding, now: datetime) -> Iterator[str]:
    """That a token is past its end by its own word; only its issuer can say that it is dead."""
    for claim in finding.claims:
        with suppress(ValueError):
            if claim.source.endswith(" expiry") and datetime.fromisoformat(claim.subject) < now:
                yield f"{claim.source} {claim.subject}: it has ended, by its own word"
