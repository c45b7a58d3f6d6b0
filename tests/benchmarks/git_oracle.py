"""Who introduced a value, read off all objects of a repository through git, without anything of offkey."""

import subprocess
from pathlib import Path

from tests.builders import clean_environment

Tree = dict[bytes, str]


def git(path: Path, *args: str, stdin: bytes = b"") -> bytes:
    environment = clean_environment(GIT_NO_REPLACE_OBJECTS="1", GIT_NO_LAZY_FETCH="1")
    return subprocess.run(
        ["git", *args], cwd=path, env=environment, input=stdin, capture_output=True, check=True
    ).stdout


class GitOracle:
    """`forms` are all the ways in which the value is written."""

    def __init__(self, path: Path, forms: set[bytes]) -> None:
        self._path = path
        self._width = 32 if git(path, "rev-parse", "--show-object-format").strip() == b"sha256" else 20
        self._objects = self._read_all()
        holding = {oid for oid, (_, content) in self._objects.items() if any(form in content for form in forms)}
        self._blobs = {oid for oid in holding if self._objects[oid][0] == "blob"}
        self._nodes = {oid for oid, (kind, _) in self._objects.items() if kind in {"commit", "tag"}}
        self._own = holding & self._nodes
        self._files = {oid: self._held(oid) for oid in self._nodes}

    def _read_all(self) -> dict[str, tuple[str, bytes]]:
        output = git(self._path, "cat-file", "--batch-all-objects", "--batch")
        found, at = {}, 0
        while at < len(output):
            end = output.index(b"\n", at)
            oid, kind, size = output[at:end].decode().split(" ")
            found[oid] = (kind, output[end + 1 : end + 1 + int(size)])
            at = end + 2 + int(size)
        return found

    def _field(self, oid: str, name: bytes) -> list[bytes]:
        head = self._objects[oid][1].partition(b"\n\n")[0]
        return [line[len(name) + 1 :] for line in head.split(b"\n") if line.startswith(name + b" ")]

    def _held(self, oid: str) -> Tree:
        """The holding blobs of a commit by path; a tag has none but what it tags itself."""
        if self._objects[oid][0] == "tag":
            tagged = self._field(oid, b"object")[0].decode()
            return {b"": tagged} if tagged in self._blobs else {}
        tree = self._field(oid, b"tree")[0].decode()
        return {path: blob for path, blob in self._walk(tree) if blob in self._blobs}

    def _walk(self, tree: str, below: bytes = b"") -> list[tuple[bytes, str]]:
        content, at, found = self._objects.get(tree, ("tree", b""))[1], 0, []
        while at < len(content):
            end = content.index(b"\0", at)
            mode, name = content[at:end].split(b" ", 1)
            oid = content[end + 1 : end + 1 + self._width].hex()
            at = end + 1 + self._width
            found += self._walk(oid, below + name + b"/") if mode == b"40000" else [(below + name, oid)]
        return found

    def _parents(self, oid: str) -> list[str]:
        fields = self._field(oid, b"object") if self._objects[oid][0] == "tag" else self._field(oid, b"parent")
        return [name.decode() for name in fields if name.decode() in self._nodes]

    def _above(self, oid: str) -> set[str]:
        found, left = set(), self._parents(oid)
        while left:
            if (one := left.pop()) not in found:
                found.add(one)
                left += self._parents(one)
        return found

    def _person(self, oid: str) -> tuple[str, int, int]:
        """Address and date of the author or tagger, and the date of the committer."""
        lines = self._field(oid, b"author") or self._field(oid, b"tagger")
        second = self._field(oid, b"committer") or lines
        address = lines[0][lines[0].index(b"<") + 1 : lines[0].index(b">")].decode()
        return address, *(int(line[0].rpartition(b"> ")[2].split()[0]) for line in (lines, second))

    def bringers(self) -> set[str]:
        """Commits and tags with the value at a path where no parent has it, or in their own words."""
        return self._own | {
            oid
            for oid, files in self._files.items()
            for path in files
            if all(path not in self._files[parent] for parent in self._parents(oid))
        }

    def introducer(self) -> tuple[str, str]:
        """Id and author's address of the earliest; two empty strings where no commit or tag has the value."""
        bringers = self.bringers()
        first = [oid for oid in bringers if not self._above(oid) & bringers]
        if not first:
            return "", ""
        chosen = min(first, key=lambda oid: (*self._person(oid)[1:], oid))
        return chosen, self._person(chosen)[0]

    def address(self, oid: str) -> str:
        """The committed address of the author of a commit, or of the tagger of a tag."""
        return self._person(oid)[0]

    def present(self) -> bool:
        """Whether a branch, or the HEAD of a work tree, has it in a file."""
        listed = (
            git(self._path, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes").decode().split()
        )
        trees = git(self._path, "worktree", "list", "--porcelain").decode().splitlines()
        listed += [line.removeprefix("HEAD ") for line in trees if line.startswith("HEAD ")]
        return any(self._files.get(oid) for oid in listed)
