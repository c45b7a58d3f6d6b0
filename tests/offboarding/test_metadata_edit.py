"""`offkey metadata --edit`: a bundle of one commit that takes the leaver out; the repository itself stays as it was."""

import hashlib
import io
import json
import os
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.remedy import local
from offboarding.remedy.owners import bundling
from offkey.errors import Exit
from tests.builders import ANN, Repo
from tests.offboarding.proposing import FORBIDDEN

BRANCH = "offkey/update-owners"
PEOPLE = """
- {id: mleaver, names: [Mallory Leaver], emails: [mallory@corp.example], accounts: {github: mleaver, aws: deploy}}
- {id: bob, names: [Bob Bell], emails: [bob@corp.example], accounts: {github: bobb}}
"""
FILES = {
    ".github/CODEOWNERS": "* @mleaver @bobb\n/own/ @mleaver\n/ops/ @deploy @bobb\n",
    "OWNERS": "approvers:\n- mleaver\n- bobb\n",
    "MAINTAINERS": "Mallory Leaver <mallory@corp.example>\nBob Bell <bob@corp.example>\n",
    "src/caf\u00e9 a.py": "# TODO(mleaver): x\n",
    "vendor/x/OWNERS": "approvers: [mleaver, bobb]\n",
}


@dataclass
class Desk:
    """Where somebody works: the configuration, one repository, and what a command printed."""

    folder: Path
    repo: Repo

    def run(self, *words: str) -> tuple[int, str]:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            return cli.main(["metadata", "mallory@corp.example", *words]), out.getvalue()

    def edit(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code, and what is told of the one repository."""
        code, text = self.run(*words, "--edit", "out", "--format", "json")
        (told,) = json.loads(text)["edits"].values()
        return code, told

    @property
    def bundles(self) -> list[Path]:
        folder = self.folder / "out"
        return sorted(folder.iterdir()) if folder.exists() else []

    def brought(self, bundle: Path) -> Repo:
        """A clone of the repository that has fetched the bundle's branch."""
        clone = self.repo.clone(self.folder / "reviewer")
        clone.git("fetch", "-q", str(bundle), f"{BRANCH}:{BRANCH}")
        return clone


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    repo = Repo.create(tmp_path / "app")
    repo.commit("all", FILES, author=ANN)
    (tmp_path / "people.yaml").write_text(PEOPLE)
    (tmp_path / "offkey.toml").write_text(
        '[directory]\npeople = "people.yaml"\n[repositories]\npaths = ["app"]\n'
        '[remedy]\nauthor_name = "Bot"\nauthor_email = "bot@corp.example"\n'
    )
    return Desk(tmp_path, repo)


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its content and the time of its last change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files}


def test_a_bundle_brings_one_commit_that_says_neither_who_nor_why(desk: Desk) -> None:
    before = state_of(desk.repo.path)
    code, told = desk.edit()
    assert code == Exit.OPEN
    (bundle,) = desk.bundles
    assert told["file"] == str(bundle)
    assert state_of(desk.repo.path) == before
    there = desk.brought(bundle)
    assert there.git("rev-list", f"main..{BRANCH}") == told["commit"]
    assert there.git("rev-parse", f"{BRANCH}^") == told["base"] == desk.repo.head("main")
    said = there.git("log", "-1", "--format=%an <%ae> %cn <%ce>%n%B", BRANCH).lower() + BRANCH + bundle.name
    assert said.startswith("bot <bot@corp.example> bot <bot@corp.example>\nbring owners up to date")
    assert not [word for word in FORBIDDEN if word in said.replace("bot@corp.example", "")]
    assert there.git("show", f"{BRANCH}:.github/CODEOWNERS") == "* @bobb\n/own/ @mleaver\n/ops/ @deploy @bobb"
    assert there.git("show", f"{BRANCH}:OWNERS") == "approvers:\n- bobb"
    assert there.git("show", f"{BRANCH}:MAINTAINERS") == "Bob Bell <bob@corp.example>"
    assert there.git("diff", "--name-only", "main", BRANCH).split("\n") == [
        ".github/CODEOWNERS",
        "MAINTAINERS",
        "OWNERS",
    ]
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_what_was_edited_and_what_was_left_is_told_by_line_with_the_reason(desk: Desk) -> None:
    _, told = desk.edit()
    assert {(one["path"], one["line"]) for one in told["edited"]} == {
        (".github/CODEOWNERS", 1), ("OWNERS", 2), ("MAINTAINERS", 1),
    }  # fmt: skip
    left = {(one["path"], one["line"]): one["why"] for one in told["left"]}
    assert left[".github/CODEOWNERS", 2] == "nobody else would be left (--successor)"
    assert "somebody else's file" in left["vendor/x/OWNERS", 1]
    assert set(left) == {
        (".github/CODEOWNERS", 2), (".github/CODEOWNERS", 3), ("vendor/x/OWNERS", 1), ("src/caf\u00e9 a.py", 1),
    }  # fmt: skip
    code, text = desk.run("--edit", "out")
    assert code == Exit.OPEN
    assert "in the bundle" in text
    assert f"git fetch {desk.bundles[0]} {BRANCH}" in text


def test_the_exit_code_says_whether_the_bundles_leave_anything(desk: Desk) -> None:
    keep = {".github/CODEOWNERS": "* @mleaver @bobb\n/own/ @mleaver\n"}
    desk.repo.commit("less", keep, delete=("src/caf\u00e9 a.py", "vendor/x/OWNERS"), author=ANN)
    assert desk.edit()[0] == Exit.OPEN
    code, told = desk.edit("--successor", "@bobb")
    assert (code, told["left"]) == (Exit.DONE, [])
    assert desk.brought(desk.bundles[0]).git("show", f"{BRANCH}:.github/CODEOWNERS") == "* @bobb\n/own/ @bobb"
    assert desk.run()[0] == Exit.OPEN, "the branch itself still names them"
    assert desk.run("app", "none", "--edit", "out", "--successor", "bobb")[0] == Exit.GAPS
    shutil.rmtree(desk.folder / "reviewer")
    there = desk.brought(desk.bundles[0])
    there.git("checkout", "-q", BRANCH)
    desk.repo.git("pull", "-q", str(there.path), BRANCH)
    assert desk.run()[0] == Exit.DONE


def test_the_same_input_gives_the_same_bundle_and_a_new_base_a_new_one(desk: Desk) -> None:
    _, first = desk.edit()
    whole = desk.bundles[0].read_bytes()
    _, again = desk.edit()
    assert again == first
    assert desk.bundles[0].read_bytes() == whole
    desk.repo.commit("more", {"new.txt": "x"}, author=ANN)
    _, later = desk.edit()
    assert (later["base"], len(desk.bundles)) == (desk.repo.head("main"), 1)
    assert later["commit"] != first["commit"]
    assert desk.brought(desk.bundles[0]).git("rev-parse", f"{BRANCH}^") == later["base"]


def test_with_nothing_to_edit_nothing_is_written(desk: Desk) -> None:
    desk.repo.commit("less", {"a.py": "# TODO(mleaver): x\n"}, delete=tuple(FILES), author=ANN)
    code, told = desk.edit()
    assert (code, told["file"], desk.bundles) == (Exit.OPEN, "", [])
    desk.repo.commit("none", delete=("a.py",), author=ANN)
    assert desk.edit()[0] == Exit.DONE
    assert not (desk.folder / "out").exists()


@pytest.mark.parametrize("what", ["text", "link", "other"])
def test_what_is_no_bundle_of_ours_is_not_replaced(desk: Desk, what: str) -> None:
    desk.edit()
    (bundle,) = desk.bundles
    if what == "text":
        bundle.write_text("mine")
    elif what == "link":
        bundle.rename(desk.folder / "kept")
        bundle.symlink_to(desk.folder / "kept")
    else:
        desk.repo.git("bundle", "create", "-q", str(bundle), "main")
    before = bundle.read_bytes()
    code, told = desk.edit()
    assert (code, told["file"]) == (Exit.OPEN, "")
    assert all("no bundle of ours" in one["why"] for one in told["left"])
    assert len(told["left"]) == 7
    assert (bundle.read_bytes(), bundle.is_symlink()) == (before, what == "link")
    assert "move it away" in " ".join(desk.run("--edit", "out")[1].split())


def test_killed_before_the_last_write_the_older_bundle_is_there_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edit()
    whole = desk.bundles[0].read_bytes()
    desk.repo.commit("more", {"new.txt": "x"}, author=ANN)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local.os, "replace", die)
    assert desk.run("--edit", "out")[0] == Exit.ERROR
    assert [bundle.read_bytes() for bundle in desk.bundles] == [whole]
    monkeypatch.undo()
    os.chdir(desk.folder)
    assert desk.edit()[1]["base"] == desk.repo.head("main")


def test_shallow_clones_urls_and_repositories_with_long_ids_do_as_well(desk: Desk) -> None:
    desk.repo.commit("more", {"new.txt": "x"}, author=ANN)
    source = f"file://{desk.repo.path}"
    desk.repo.clone(desk.folder / "shallow", "--depth=1", "--no-local")
    long = Repo.create(desk.folder / "long", object_format="sha256")
    long.commit("all", FILES, author=ANN)
    code, text = desk.run("shallow", source, "long", "--edit", "out", "--format", "json")
    assert code == Exit.OPEN
    told = list(json.loads(text)["edits"].values())
    assert len({one["file"] for one in told}) == len(desk.bundles) == 3
    assert told[0]["commit"] == told[1]["commit"]
    assert len(told[2]["commit"]) == 64
    assert desk.brought(Path(told[0]["file"])).git("show", f"{BRANCH}:OWNERS") == "approvers:\n- bobb"
    long.git("fetch", "-q", told[2]["file"], BRANCH)


def test_a_folder_with_any_name_lends_its_objects(desk: Desk) -> None:
    odd = desk.repo.clone(desk.folder / 'a "q\\ \n#b')
    _, told = desk.edit(str(odd.path))
    assert told["commit"]


def test_a_commit_from_before_all_time_is_no_hindrance(desk: Desk) -> None:
    raw = desk.repo.git("cat-file", "commit", "HEAD").replace("> 1", "> -1")
    made = desk.repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw.encode() + b"\n")
    desk.repo.git("update-ref", "refs/heads/main", made)
    _, told = desk.edit()
    assert told["base"] == made
    assert desk.brought(desk.bundles[0]).git("log", "-1", "--format=%ct", BRANCH) == "0"


def test_a_file_beyond_the_limit_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "LARGEST", len(FILES["OWNERS"]) - 1)
    _, told = desk.edit()
    assert {one["path"]: one["why"] for one in told["left"]}["OWNERS"] == "a file larger than is edited"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--successor", "@bobb"), "add --edit"),
        (("--edit", "people.yaml"), "name a folder"),
        (("--edit", "out", "--successor", "@mleaver"), "same person"),
        (("--edit", "out", "--successor", "a b"), "name a login"),
    ],
)
def test_a_wrong_call_is_refused_with_advice_and_writes_nothing(desk: Desk, words: tuple[str, ...], said: str) -> None:
    code, text = desk.run(*words)
    assert (code, said in text, desk.bundles) == (Exit.USAGE, True, [])
