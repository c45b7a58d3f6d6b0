"""Which files of a commit hold a value, and what they become without it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from offboarding.remedy import branch
from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.occurrences import holds
from offboarding.remedy.rewrite import ensure_lines, find, rewrite, secret_name
from offkey.model import Credential, Place
from scanner.matching.encoding import decoded
from scanner.repository.git import Git
from scanner.repository.giterrors import failure

NAMES = frozenset({"user", "host", "client_email", "client_id"})
"""Parts of a credential that are mere names: a service account and an application have theirs in many files, and live
on without this key."""
LINK = "120000"
"""The mode of a symbolic link: its content is where it leads to."""


@dataclass
class Rewriting:
    """A commit's files as they would be: `changes` by path (None: removed), over the files of `tree`."""

    mirror: Git
    tree: str
    changes: dict[str, bytes | None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """The secrets that the changes refer to."""

    def content(self, path: str) -> bytes | None:
        """What the file holds now, None where it is gone."""
        if path in self.changes:
            return self.changes[path]
        return self.mirror.run("cat-file", "blob", f"{self.tree}:{path}", check=False)


@dataclass
class Done:
    """What became of one credential: `names` are (secret to create, what it stands for)."""

    names: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        """Whether any file is changed for it."""
        return bool(self.changed or self.removed)

    def leave(self, path: str, why: str) -> None:
        """Leave a file after all."""
        for paths in (self.changed, self.added):
            if path in paths:
                paths.remove(path)
                self.left.append((path, why))


def values_of(credential: Credential, taken: Collection[str] = ()) -> dict[str, bytes]:
    """Secret name -> value of each part that is not a mere name: such a word may stand in any file.

    No name is one of those that are `taken` for other credentials.
    """
    names = parts_of(credential, taken)
    return {name: credential.parts[part].reveal() for name, part in names.items()}


def parts_of(credential: Credential, taken: Collection[str] = ()) -> dict[str, str]:
    """Secret name -> part of each part that is not a mere name."""
    parts = [part for part in credential.parts if part not in NAMES]
    return {secret_name(credential.kind, part, frozenset(taken)): part for part in parts}


def holding(mirror: Git, tip: str, values: Collection[bytes], places: Sequence[Place]) -> list[str]:
    """Paths in a commit whose file holds any of the values; `git grep` narrows, the whole value decides.

    `git grep` sees nothing in UTF-16: files that were found so are looked for by path and by content.
    """
    lines = [max(value.splitlines() or [b""], key=len) for value in values]
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
    return [path for path, content in contents if any(holds(content, value) for value in values)]


def take_out(rewriting: Rewriting, credential: Credential, places: Sequence[Place], taken: Collection[str]) -> Done:
    """Take one credential out of every file that holds it. What cannot be rewritten is left to a person."""
    parts, values = parts_of(credential, taken), values_of(credential, taken)
    done = Done()
    for path in holding(rewriting.mirror, rewriting.tree, values.values(), places):
        content = rewriting.content(path)
        if content is None:
            continue
        if decoded(content)[1]:
            done.left.append((path, "written in UTF-16"))
            continue
        try:
            new = rewrite(path, content, values)
        except CannotRewrite as reason:
            done.left.append((path, str(reason)))
            continue
        rewriting.changes[path] = new.content
        (done.removed if new.content is None else done.changed).append(path)
        if new.content is not None:
            used = {item.name for item in find(content.decode(), {k: v.decode() for k, v in values.items()})}
            done.names |= {name: f"{parts[name]} of {credential.kind}" for name in sorted(used)}
            done.notes += [(path, new.note)] if new.note else []
        _accompany(rewriting, new.companions, done)
    return done


def _accompany(rewriting: Rewriting, wanted: Sequence[tuple[str, str]], done: Done) -> None:
    """Ensure the lines that other files must have beside the change."""
    by_path: Mapping[str, list[str]] = {path: [] for path, _ in wanted}
    for path, line in wanted:
        by_path[path].append(line)
    present = branch.files(rewriting.mirror, rewriting.tree) if by_path else {}
    for path, lines in by_path.items():
        if path in present and present[path][0] == LINK:
            done.left.append((path, f"a link: where it leads to there must be {', '.join(lines)}"))
            continue
        before = rewriting.content(path) if path in present or path in rewriting.changes else None
        after = ensure_lines(before, lines)
        if after != before:
            rewriting.changes[path] = after
            done.added.append(path)
