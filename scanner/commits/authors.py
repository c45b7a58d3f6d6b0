"""Who stands in commits and annotated tags: author, committer, tagger, co-authors, through `.mailmap` by git's rules.

All of it is a claim: anyone can write any name into a commit, and a `.mailmap` inside the repository too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from offkey.found import Authorship, Gap
from scanner.commits.attempts import FAILURES, bisected
from scanner.commits.carrier import Carrier
from scanner.commits.history import Node, unread
from scanner.repository.git import Git, run_git
from scanner.repository.giterrors import GitError

EPOCH = datetime.fromtimestamp(0, UTC)

_FIELDS = ("%H", "%an", "%ae", "%aN", "%aE", "%at", "%cn", "%ce", "%cN", "%cE", "%ct")
_TRAILERS = "%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x0A)"
_LOG = (
    "log", "-z", "--no-walk=unsorted", "--stdin", "--no-patch", "--no-notes", "--no-color", "--encoding=UTF-8",
    "--format=tformat:" + "%x00".join((*_FIELDS, _TRAILERS, "%s", "%b")),
)  # fmt: skip
_CONTACT = re.compile(r"(?P<name>[^<>\n]*?)\s*<(?P<email>[^<>\s]+)>")
_TAGGER = re.compile(rb"^tagger (?P<name>[^<\n]*?) ?<(?P<email>[^>\n]*)>(?: (?P<at>\d+))?", re.MULTILINE)
_COPY_WORDS = (
    ("This reverts commit ", Carrier.REVERT),
    ("(cherry picked from commit ", Carrier.CHERRY_PICK),
)


Record = Sequence[str]
"""What git prints of a commit: _FIELDS, trailers, the first paragraph of the message in one line, the rest of it.

Not %B: of a commit without a message git 2.39 prints what lies behind the commit in memory."""


@dataclass(frozen=True, slots=True)
class Credits:
    """The people of one commit or tag. `dated` is false when its author date cannot be read (`at` is then 1970).

    `message` is the commit's: its first paragraph in one line, an empty line, the rest.
    """

    author: Authorship
    committer: Authorship | None
    coauthors: tuple[Authorship, ...] = ()
    dated: bool = True
    message: str = ""

    @property
    def said(self) -> Carrier | None:
        """What the message itself calls the change: a revert, a cherry-pick, or nothing of the kind."""
        return next((kind for words, kind in _COPY_WORDS if words in self.message), None)

    @property
    def subject(self) -> str:
        """The first line of the message, without blanks around it."""
        return self.message.partition("\n")[0].strip()

    @property
    def people(self) -> tuple[Authorship, ...]:
        """Author and co-authors."""
        return (self.author, *self.coauthors)

    @property
    def mapped(self) -> bool:
        """A `.mailmap` changed the author's or a co-author's address."""
        return any(who.email != who.raw_email for who in self.people)

    @property
    def order(self) -> tuple[bool, datetime, datetime, str]:
        """Earliest first: author date, committer date, id; one without a readable date comes last."""
        second = self.committer.at if self.committer else self.author.at
        return (not self.dated, self.author.at, second, self.author.commit)


def read_credits(
    git: Git, nodes: Iterable[Node], read: Callable[[Sequence[Node]], list[Record] | None] | None = None
) -> tuple[dict[str, Credits], tuple[Gap, ...]]:
    """Credits by object id for the given commits and tags; what cannot be read is a Gap and absent from the dict.

    `read` may know what git would print, and gives None where it does not.
    """
    wanted = sorted(nodes)
    commits = [node.id for node in wanted if node.kind == "commit"]
    gaps = []
    records = read(wanted) if read is not None else None
    if records is not None:
        return {record[0]: _commit_credits(record, {}) for record in records}, ()
    records = []
    for group, output in bisected(lambda ids: _log(git, ids), commits, iter(range(FAILURES))) if commits else ():
        if isinstance(output, GitError):
            gaps.append(unread(git, group, str(output)))
        else:
            records += _records(output)
    taggers = {node.id: who for node in wanted if node.kind == "tag" and (who := _tagger(git, node.id))}
    spoken = [contact for record in records for contact in _contacts(record)]
    mapped = _mailmap(git, [*spoken, *((name, email) for name, email, _ in taggers.values())])
    found = {record[0]: _commit_credits(record, mapped) for record in records}
    found |= {oid: _tag_credits(oid, *tagger, mapped) for oid, tagger in taggers.items()}
    return found, tuple(gaps)


def _with_mailmap(git: Git, *args: str, input: bytes) -> bytes:
    """Git with the `.mailmap` of HEAD and no other: not the user's own, nor an uncommitted one in the work tree."""
    settings = ("-c", "mailmap.file=", "-c", "mailmap.blob=HEAD:.mailmap")
    # A submodule's own repository has no work tree for us, though its configuration names one.
    tree = git.arguments() if git.bare else [f"--git-dir={git.git_dir}", "--bare"]
    return run_git(*tree, *settings, *args, cwd=git.git_dir, input=input)


def _log(git: Git, ids: Sequence[str]) -> bytes:
    return _with_mailmap(git, *_LOG, input="\n".join(ids).encode() + b"\n")


def _records(output: bytes) -> Iterator[Record]:
    size = len(_FIELDS) + 3
    fields = output.decode("utf-8", errors="replace").split("\0")
    for start in range(0, len(fields) - size + 1, size):
        yield fields[start : start + size]


def _contacts(record: Record) -> list[tuple[str, str]]:
    """Name and address of each co-author of one record, in the order written."""
    found = (_CONTACT.fullmatch(line.strip()) for line in record[-3].splitlines())
    return [(match["name"], match["email"]) for match in found if match]


def _mailmap(git: Git, contacts: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, str]]:
    unique = sorted(set(contacts))
    if not unique:
        return {}
    lines = "".join(f"{name} <{email}>\n" for name, email in unique).encode()
    answers = _with_mailmap(git, "check-mailmap", "--stdin", input=lines).decode("utf-8", errors="replace")
    found = (_CONTACT.fullmatch(line.strip()) for line in answers.split("\n"))
    pairs = [(match["name"], match["email"]) for match in found if match]
    return dict(zip(unique, pairs, strict=True)) if len(pairs) == len(unique) else {}


def _moment(text: str) -> datetime | None:
    """Seconds since 1970 as a time, or None for what is no time between the years 1 and 9999."""
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _commit_credits(record: Record, mapped: Mapping[tuple[str, str], tuple[str, str]]) -> Credits:
    commit, name, email, mapped_name, mapped_email, at, *rest = record
    moment = _moment(at)

    def authorship(role: str, raw: tuple[str, str], new: tuple[str, str], when: datetime | None) -> Authorship:
        # Of a commit without the field, git prints the mailmap placeholders as they stand.
        shown_name, shown_email = new if any(raw) else raw
        return Authorship(
            name=shown_name, email=shown_email, raw_email=raw[1], role=role, at=when or EPOCH, commit=commit
        )

    committer = authorship("committer", (rest[0], rest[1]), (rest[2], rest[3]), _moment(rest[4]))
    coauthors = tuple(
        authorship("co-author", contact, mapped.get(contact, contact), moment)
        for contact in dict.fromkeys(_contacts(record))
    )
    return Credits(
        author=authorship("author", (name, email), (mapped_name, mapped_email), moment),
        committer=committer,
        coauthors=coauthors,
        dated=moment is not None,
        message="\n\n".join(part for part in (record[-2], record[-1].strip("\n")) if part),
    )


def _tagger(git: Git, oid: str) -> tuple[str, str, datetime | None] | None:
    """Name, address and date of a tag's tagger; None for the old tags that have none."""
    head = git.run("cat-file", "tag", oid, check=False).partition(b"\n\n")[0]
    match = _TAGGER.search(head)
    if not match:
        return None
    name, email = (match[part].decode("utf-8", errors="replace").strip() for part in ("name", "email"))
    return name, email, _moment((match["at"] or b"").decode())


def _tag_credits(
    oid: str,
    name: str,
    email: str,
    moment: datetime | None,
    mapped: Mapping[tuple[str, str], tuple[str, str]],
) -> Credits:
    new_name, new_email = mapped.get((name, email), (name, email))
    author = Authorship(name=new_name, email=new_email, raw_email=email, role="author", at=moment or EPOCH, commit=oid)
    return Credits(author=author, committer=None, dated=moment is not None)
