"""Carries out a REWRITE step: the whole life of one pull request.

before   does a branch tip of the remote hold the value? (DEAD here means: no)
act      rewrite the files, commit in the run's mirror, push a new branch, open the pull request
after    is the pull request open (status "proposed"), or has the value left every branch?
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from offboarding.remedy import availability, branch, proposal
from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.rewrite import find, rewrite, secret_name
from offkey import pygithub
from offkey.errors import OffkeyError
from offkey.http import Gate, NoAnswer, Reader, Writer
from offkey.model import Check, Credential, Exchange, Liveness, Place, Step
from offkey.secret import Secret
from scanner.matching.encoding import decoded
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import failure

T = TypeVar("T")
GATE = Gate(
    provider="github",
    hosts=frozenset({"api.github.com"}),
    writes=frozenset({("POST", "/repos/{owner}/{repo}/pulls")}),
)
PROPOSED = "proposed"
NOT_POSSIBLE = 422


class NothingToPropose(OffkeyError):
    """No file could be rewritten: a person must take the value out. The message lists the files and reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One repository: the run's mirror of it, where to push, and its name at GitHub (`owner/name`)."""

    mirror: Git
    remote: str
    full_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Pull requests through GitHub. `targets` by the repository label of places; a Reader or Writer is made per use.

    `dated`, the plan's time, is every commit's date: done again after a crash, it is the commit the remote has.
    """

    targets: Mapping[str, Target]
    reader: Callable[[], Reader]
    writer: Callable[[], Writer]
    token: Secret
    author: branch.Author
    prefix: str
    dated: datetime
    now: Callable[[], datetime]
    host: str = "github.com"
    """The one host whose git gets the token."""

    def before(self, step: Step, credential: Credential) -> Check:
        """LIVE while any branch of the remote holds the value."""
        target = self._target(step)
        self._fetch(target, step)
        holders = self._holders(target, step, credential)
        if not holders:
            return self._check(Liveness.DEAD, "no branch of the remote holds the value")
        opened = self._open_pull(target, step)
        if opened:
            return self._check(Liveness.LIVE, f"pull request {opened} is open", PROPOSED)
        return self._check(Liveness.LIVE, f"held by {', '.join(holders[:5])}")

    def act(self, step: Step, credential: Credential) -> tuple[Exchange, ...]:
        """Rewrite, commit, push, open. Raises `NothingToPropose`, `PushRefused` or the gate's errors."""
        target = self._target(step)
        self._fetch(target, step)
        base = target.mirror.run("symbolic-ref", "--short", "HEAD").decode().strip()
        tip = self._tips(target, step).get(base)
        if tip is None:
            raise NothingToPropose(f"the remote has no branch {base}", advice="remove the value by hand")
        changes, left, names = _rewrite_all(target.mirror, tip, credential, step.point.places)
        if not changes:
            reasons = (
                "; ".join(f"{path}: {why}" for path, why in left) or f"{base} does not hold it, another branch does"
            )
            raise NothingToPropose(f"nothing can be rewritten: {reasons}", advice="remove the value by hand")
        said = proposal.Proposal(
            kind=credential.kind,
            redacted=step.point.redacted,
            dead=step.needs != "pr-before-kill",
            names=names,
            changed=[path for path, content in changes.items() if content is not None],
            removed=[path for path, content in changes.items() if content is None],
            left=left,
            step=step.id,
            available=self._available(target, names),
        )
        name = proposal.branch_name(self.prefix, step.id)
        message = proposal.commit_message(said)
        oid = branch.commit(target.mirror, tip, changes, message, author=self.author, now=self.dated)
        access = branch.authorization(target.remote, self.token, self.host)
        branch.push(target.mirror, target.remote, oid, name, access)
        pushed = Exchange(
            method="PUSH", target=f"{target.full_name} {name}", status=200, at=self.now(), summary=f"commit {oid[:12]}"
        )
        return (pushed, *self._open(target, step, base, name, said))

    def after(self, step: Step, credential: Credential) -> Check:
        return self.before(step, credential)

    def _open(self, target: Target, step: Step, base: str, name: str, said: proposal.Proposal) -> tuple[Exchange, ...]:
        if self._open_pull(target, step):
            return ()
        http = self.writer()
        try:
            client = pygithub.client(http, self.token)
            title, text = proposal.TITLE, proposal.body(said)

            def create(draft: bool) -> object:
                repo = client.get_repo(target.full_name)
                return repo.create_pull(base=base, head=name, title=title, body=text, draft=draft)

            status, made = pygithub.ask(lambda: create(said.draft))
            if status == NOT_POSSIBLE and said.draft:  # refused: nothing was made, and not every plan has drafts
                status, made = pygithub.ask(lambda: create(False))
            _answered(status, made)
            return tuple(http.exchanges)
        finally:
            http.close()

    def _available(self, target: Target, names: Iterable[str]) -> availability.Availability:
        http = self.reader()
        try:
            return availability.look(http, self.token, target.full_name, names)
        finally:
            http.close()

    def _open_pull(self, target: Target, step: Step) -> str:
        """The address of our open pull request, or nothing."""
        http = self.reader()
        try:
            client = pygithub.client(http, self.token)
            owner = target.full_name.split("/")[0]
            head = f"{owner}:{proposal.branch_name(self.prefix, step.id)}"
            pulls = _asked(lambda: list(client.get_repo(target.full_name).get_pulls(state="open", head=head)))
            return next((str(pull.html_url) for pull in pulls), "")
        finally:
            http.close()

    def _holders(self, target: Target, step: Step, credential: Credential) -> list[str]:
        """The remote's branches, other than our own, whose tip holds the value."""
        tips = self._tips(target, step)
        values, places = _values(credential), step.point.places
        return sorted(name for name, tip in tips.items() if _holding(target.mirror, tip, values, places))

    def _target(self, step: Step) -> Target:
        label = step.point.places[0].repo if step.point.places else ""
        if label not in self.targets:
            raise NothingToPropose(
                f"{label or 'this step'} has no configured GitHub repository",
                advice="name it under [remedy.repositories] in offkey.toml, or remove the value by hand",
            )
        return self.targets[label]

    def _fetch(self, target: Target, step: Step) -> None:
        scheme = target.remote.split("://")[0] if "://" in target.remote else "file"
        run_git(
            f"--git-dir={target.mirror.git_dir}", "fetch", "--quiet", "--no-tags", "--prune", "--force",
            "--", target.remote,
            f"+refs/heads/*:refs/offkey/remote/{step.id}/*",
            protocols=(scheme,),
            extra=branch.authorization(target.remote, self.token, self.host),
        )  # fmt: skip

    def _tips(self, target: Target, step: Step) -> dict[str, str]:
        root = f"refs/offkey/remote/{step.id}/"
        listed = target.mirror.run("for-each-ref", "--format=%(refname) %(objectname)", root).decode().splitlines()
        tips = dict(row.removeprefix(root).rsplit(" ", 1) for row in listed)
        return {name: tip for name, tip in tips.items() if not name.startswith(self.prefix)}

    def _check(self, liveness: Liveness, reason: str, status: str = "") -> Check:
        return Check(liveness=liveness, reason=reason, at=self.now(), status=status)


@dataclass(frozen=True, slots=True)
class Remedies:
    """Several GitHubs: a step goes to the one that has its repository."""

    each: Sequence[Remedy]

    def before(self, step: Step, credential: Credential) -> Check:
        return self._of(step).before(step, credential)

    after = before

    def act(self, step: Step, credential: Credential) -> tuple[Exchange, ...]:
        return self._of(step).act(step, credential)

    def _of(self, step: Step) -> Remedy:
        labels = {place.repo for place in step.point.places[:1]}
        return next((one for one in self.each if labels & one.targets.keys()), self.each[0])


def _asked(question: Callable[[], T]) -> T:
    """Raises NoAnswer with GitHub's status: PyGithub's own errors quote the answer."""
    return _answered(*pygithub.ask(question))


def _answered(status: int, answer: T | None) -> T:
    """The answer. Raises NoAnswer where there is none."""
    if answer is None:
        raise NoAnswer(f"github answered {status} about the pull request", advice="check the token, then try again")
    return answer


def _values(credential: Credential) -> dict[str, bytes]:
    """Secret name -> value of each part that is not a mere name: such a word may stand in any file."""
    parts = {part: value for part, value in credential.parts.items() if part not in ("user", "host")}
    return {secret_name(credential.kind, part): value.reveal() for part, value in parts.items()}


def _holding(mirror: Git, tip: str, values: Mapping[str, bytes], places: Sequence[Place]) -> list[str]:
    """Paths in a commit whose file holds any of the values; `git grep` narrows, the whole value decides.

    `git grep` sees nothing in UTF-16: files that were found so are looked for by path and by content.
    """
    lines = [max(value.splitlines() or [b""], key=len) for value in values.values()]
    with mirror.popen("grep", "-l", "-z", "-a", "-F", "--no-textconv", "-f", "-", tip) as grep:
        grep.stdin.write(b"\n".join(lines) + b"\n")
        grep.stdin.close()
        found = grep.stdout.read()
        if grep.wait() not in (0, 1):  # 1: nothing found
            raise failure(grep.said(), mirror.path)
    paths = [name.decode("utf-8", "surrogateescape").removeprefix(f"{tip}:") for name in found.split(b"\0") if name]
    hidden = [place for place in places if place.decoding]
    known = {place.path for place in hidden} | {place.object for place in hidden}
    held = branch.files(mirror, tip) if hidden else {}
    paths += [path for path, (_, oid) in held.items() if known & {path, oid} and path not in paths]
    contents = ((path, decoded(mirror.run("cat-file", "blob", f"{tip}:{path}"))[0]) for path in paths)
    return [path for path, content in contents if any(value in content for value in values.values())]


def _rewrite_all(
    mirror: Git, tip: str, credential: Credential, places: Sequence[Place]
) -> tuple[dict[str, bytes | None], list[tuple[str, str]], dict[str, str]]:
    """What changes (path -> content, None for removed), what is left to a person and why, and the names to create."""
    values = _values(credential)
    changes: dict[str, bytes | None] = {}
    left: list[tuple[str, str]] = []
    names: dict[str, str] = {}
    parts = {secret_name(credential.kind, part): part for part in credential.parts}
    for path in _holding(mirror, tip, values, places):
        content = mirror.run("cat-file", "blob", f"{tip}:{path}")
        if decoded(content)[1]:
            left.append((path, "written in UTF-16"))
            continue
        try:
            done = rewrite(path, content, values)
        except CannotRewrite as reason:
            left.append((path, str(reason)))
            continue
        changes[path] = done.content
        if done.content is not None:
            used = {item.name for item in find(content.decode(), {k: v.decode() for k, v in values.items()})}
            names |= {name: f"{parts[name]} of {credential.kind}" for name in sorted(used)}
    return changes, left, names
