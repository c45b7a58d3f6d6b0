"""Secrets planted in a copy of a real history: at random commits, by the history's own authors, in different ways.

The copy borrows the objects of the original, which is read and never written to. All that is planted is one stream of
`git fast-import`, so nothing has to be checked out or replayed.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.attribution.scenario import Person, Truth, github_token
from tests.builders import clean_environment

HOUR, DAY = 3_600, 86_400
_FIELDS = "%H%x00%ct%x00%an%x00%ae%x00%aN%x00%aE"


class Commit(NamedTuple):
    """A commit of the real history; `person` as committed, `mapped` after `.mailmap`."""

    id: str
    at: int
    person: Person
    mapped: Person


def git(path: Path, *args: str, stdin: bytes = b"", check: bool = True) -> str:
    command = ["git", "-C", str(path), "-c", "mailmap.blob=HEAD:.mailmap", *args]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=clean_environment())
    if done.returncode and check:
        raise RuntimeError(f"git {args[0]}: {done.stderr.decode(errors='replace')[-300:]}")
    return done.stdout.decode("utf-8", errors="replace")


def copied(repo: Path, to: Path) -> Path:
    """A bare repository with the refs of another, whose objects it borrows."""
    inside = repo / ".git" if (repo / ".git").is_dir() else repo
    git(to.parent, "init", "-q", "--bare", str(to))
    (to / "objects" / "info" / "alternates").write_text(f"{inside / 'objects'}\n")
    shutil.copyfile(inside / "HEAD", to / "HEAD")
    shutil.copytree(inside / "refs", to / "refs", dirs_exist_ok=True)
    if (inside / "packed-refs").exists():
        shutil.copyfile(inside / "packed-refs", to / "packed-refs")
    return to


def commits(repo: Path) -> list[Commit]:
    """All commits that refs lead to, in a fixed order, but those whose author or date is not as git writes it today."""
    found = []
    for line in git(repo, "log", "--all", "--topo-order", "--use-mailmap", f"--format={_FIELDS}").split("\n"):
        oid, at, name, email, mapped, address = fields if len(fields := line.split("\0")) == 6 else [""] * 6
        if (
            at.isdigit()
            and name
            and "@" in email
            and not set("<>\ufffd") & set(name + email)
            and email == email.strip()
        ):
            found.append(Commit(oid, int(at), (name, email), (mapped, address)))
    return found


@dataclass
class Plant:
    """One secret: people to play the parts, commits to build on, and the stream that plants it."""

    number: int
    key: str
    bases: list[Commit]
    people: list[Commit]
    stream: "Stream"
    now: int
    old: tuple[str, list[str]]
    """A text file that the first of the bases has, and its lines."""

    @property
    def path(self) -> str:
        return f"planted/{self.number}/settings.conf"

    def text(self, *lines: str) -> str:
        """Settings with the secret."""
        return "".join(f"{line}\n" for line in (f"# {self.number}", f"github_token = {self.key}", *lines))

    def plain(self) -> str:
        return f"# {self.number}\n"

    def commit(self, ref: str, base: str, who: int, *changes: str, message: str = "change", merged: str = "") -> str:
        """Add a commit by the `who`th person, a day after the one before; its mark."""
        self.now += DAY
        return self.stream.commit(
            f"{ref}-{self.number}", base, self.people[who].person, self.now, *changes, message=message, merged=merged
        )

    def truth(
        self, commit: str, *carried: tuple[int, str], reach: tuple[str, ...] = ("branch",), present: bool = True
    ) -> Truth:
        """The first person introduced it with `commit` (a mark)."""
        first = self.people[0]
        told = tuple((self.people[who].person, kind) for who, kind in carried)
        return Truth(first.person, commit, told, email=first.mapped[1], reach=frozenset(reach), present=present)


def put(path: str, text: str) -> str:
    return f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}"


@dataclass
class Stream:
    """The input of fast-import so far; `gone` are refs to be deleted when it is done."""

    lines: list[str] = field(default_factory=list)
    marks: int = 0
    gone: list[str] = field(default_factory=list)

    def commit(self, ref: str, base: str, who: Person, at: int, *changes: str, message: str, merged: str = "") -> str:
        self.marks += 1
        person = f"{who[0]} <{who[1]}> {at} +0000"
        head = [f"commit {ref}", f"mark :{self.marks}", f"author {person}", f"committer {person}"]
        head += [f"data {len(message.encode())}", message, f"from {base}"]
        self.lines += [*head, *([f"merge {merged}"] if merged else []), *changes, ""]
        return f":{self.marks}"


Way = Callable[[Plant], Truth]


def edited(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    second = plant.commit("refs/heads/planted", first, 1, put(plant.path, plant.text("a = 1")))
    plant.commit("refs/heads/planted", second, 2, put(plant.path, "# head\n" + plant.text("a = 1")))
    return plant.truth(first)


def renamed(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    away = (f"D {plant.path}", put(f"{plant.path}.moved", plant.text("b = 2")))
    plant.commit("refs/heads/planted", first, 1, *away)
    return plant.truth(first, (1, "move"))


def merged_back(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/side", plant.bases[0].id, 0, put(plant.path, plant.text()))
    second = plant.commit("refs/heads/side", first, 1, put(plant.path, plant.text("c = 3")))
    text = put(plant.path, plant.text("c = 3"))
    plant.commit("refs/heads/planted", plant.bases[1].id, 2, text, message="Merge branch 'side'", merged=second)
    return plant.truth(first)


def merge_only(plant: Plant) -> Truth:
    text = put(plant.path, plant.text())
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, text, merged=plant.bases[1].id)
    plant.commit("refs/heads/planted", first, 1, put(plant.path, plant.text("d = 4")))
    return plant.truth(first, reach=("merge", "branch"))


def left_dangling(plant: Plant) -> Truth:
    plant.stream.gone.append(f"refs/heads/gone-{plant.number}")
    first = plant.commit("refs/heads/gone", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/heads/gone", first, 1, put(plant.path, plant.text("e = 5")))
    return plant.truth(first, reach=("dangling",), present=False)


def on_a_side_ref(plant: Plant) -> Truth:
    first = plant.commit("refs/pull/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/pull/planted", first, 1, put(plant.path, plant.plain()))
    return plant.truth(first, reach=("ref",), present=False)


def rebased(plant: Plant) -> Truth:
    plant.stream.gone.append(f"refs/heads/gone-{plant.number}")
    first = plant.commit("refs/heads/gone", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/heads/planted", plant.bases[1].id, 0, put(plant.path, plant.text()), message="reworded")
    return plant.truth(first, (0, "rebase"))


def copied_on(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/heads/planted", first, 1, put(f"deploy-{plant.number}.sh", f"curl -u x:{plant.key} $URL\n"))
    return plant.truth(first, (1, "copy"))


def added_again(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    second = plant.commit("refs/heads/planted", first, 1, put(plant.path, plant.plain()))
    plant.commit("refs/heads/planted", second, 2, put(plant.path, plant.text("f = 6")))
    return plant.truth(first, (2, "added-again"))


def brought_back(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    second = plant.commit("refs/heads/planted", first, 1, f"D {plant.path}")
    message = f'Revert "remove"\n\nThis reverts commit {plant.bases[0].id}.\n'
    plant.commit("refs/heads/planted", second, 2, put(plant.path, plant.text()), message=message)
    return plant.truth(first, (2, "revert"))


def picked(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/one", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/heads/planted", plant.bases[1].id, 0, put(plant.path, plant.text()))
    return plant.truth(first, (0, "cherry-pick"))


def by_two_people(plant: Plant) -> Truth:
    first = plant.commit("refs/heads/one", plant.bases[0].id, 0, put(plant.path, plant.text()))
    plant.commit("refs/heads/planted", plant.bases[1].id, 1, put(f"{plant.path}.mine", plant.text("g = 7")))
    return plant.truth(first, (1, "independent"))


def in_a_message(plant: Plant) -> Truth:
    message = f"deploy with {plant.key}"
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, message=message)
    return plant.truth(first, reach=("message",), present=False)


def squashed(plant: Plant) -> Truth:
    first = plant.commit("refs/pull/planted", plant.bases[0].id, 0, put(plant.path, plant.text()))
    second = plant.commit("refs/pull/planted", first, 1, put("notes.txt", "1\n"))
    assert second
    other = plant.people[0]
    message = f"Add it (#{plant.number})\n\nCo-authored-by: {other.person[0]} <{other.person[1]}>\n"
    plant.commit("refs/heads/planted", plant.bases[1].id, 1, put(plant.path, plant.text()), message=message)
    return plant.truth(first, (1, "squash"))


def in_an_old_file(plant: Plant) -> Truth:
    """A line among those that a real file had then; others edit it elsewhere and move it."""
    path, lines = plant.old
    lines.insert(len(lines) // 2, f"token = {plant.key}")
    first = plant.commit("refs/heads/planted", plant.bases[0].id, 0, put(path, "\n".join(lines)))
    edit = put(path, "\n".join([*lines, "more"]))
    second = plant.commit("refs/heads/planted", first, 1, edit)
    moved = (f"D {path}", put(f"planted/{plant.number}/moved", "\n".join(["less", *lines[1:], "more"])))
    plant.commit("refs/heads/planted", second, 2, *moved)
    return plant.truth(first, (2, "move"))


WAYS: tuple[Way, ...] = (
    edited, renamed, merged_back, merge_only, left_dangling, on_a_side_ref, rebased, copied_on, added_again,
    brought_back, picked, by_two_people, in_a_message, squashed, in_an_old_file,
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A secret in the copy, with the name of the way it came in. `truth.commit` is a real id."""

    way: str
    key: str
    truth: Truth


def _old_file(repo: Path, commit: str, seeded: random.Random) -> tuple[str, list[str]]:
    """A text file in a commit's tree that is neither tiny nor large, with a plain path."""
    listed = [line.split(None, 4) for line in git(repo, "ls-tree", "-r", "-l", commit).split("\n")]
    rows = [row for row in listed if len(row) == 5 and row[0] == "100644" and row[3].isdigit()]
    fit = [row for row in rows if 200 < int(row[3]) < 40_000 and re.fullmatch(r"[\w./-]+", row[4])]
    for _, _, oid, _, path in seeded.sample(fit, min(20, len(fit))):
        text = git(repo, "cat-file", "blob", oid, check=False)
        if text and "\ufffd" not in text and "\0" not in text:
            return path, text.split("\n")
    return "old.txt", ["an", "old", "file"]


def plant(repo: Path, count: int, seed: int) -> list[Planted]:
    """Plant `count` secrets in a copy, each in the next of the WAYS. Commits and people are drawn from its history."""
    known = commits(repo)
    seeded = random.Random(seed)
    stream, drafts = Stream(), []
    for number in range(count):
        bases = seeded.sample(known, 2)
        people = list({one.mapped[1].lower(): one for one in seeded.sample(known, min(200, len(known)))}.values())[:3]
        if len(people) < 3:
            raise SystemExit(f"{repo}: fewer than three authors among its commits")
        key = github_token(f"{seed} {number}")
        now = max(base.at for base in bases) + HOUR
        one = Plant(number, key, bases, people, stream, now, _old_file(repo, bases[0].id, seeded))
        drafts.append(Planted(WAYS[number % len(WAYS)].__name__, key, WAYS[number % len(WAYS)](one)))
    marks = repo / "planted-marks"
    git(repo, "fast-import", "--quiet", f"--export-marks={marks}", stdin=("\n".join(stream.lines) + "\n").encode())
    gone = "".join(f"delete {ref}\n" for ref in stream.gone)
    git(repo, "update-ref", "--stdin", stdin=gone.encode())
    ids = dict(line.split() for line in marks.read_text().splitlines())
    marks.unlink()
    return [Planted(one.way, one.key, _with_id(one.truth, ids)) for one in drafts]


def _with_id(truth: Truth, ids: dict[str, str]) -> Truth:
    fields = {name: getattr(truth, name) for name in truth.__dataclass_fields__}
    return Truth(**fields | {"commit": ids[truth.commit]})
