"""Scanning from end to end: everything that a target keeps is found, in every mode, with the same findings."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import aws_pair, github_classic
from offkey.canonical import canonical
from offkey.errors import UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Reach, to_json
from rules import RuleSet
from scanner.commits.carrier import Carrier
from scanner.repository.git import Git
from scanner.repository.giterrors import UnknownRevision
from scanner.repository.sources import Target, open_target
from scanner.scan import Examined, Options, ScanResult, scan
from tests.builders import BOB, Repo
from tests.scanner.conftest import Scan


def tok(seed: str) -> str:
    return github_classic(seed)


def fingerprints(key: OrgKey, *seeds: str) -> set[str]:
    return {key.fingerprint("github.pat.classic", {"secret": tok(seed).encode()}) for seed in seeds}


def found(result: ScanResult) -> set[str]:
    return {finding.fingerprint for finding in result.findings}


@pytest.fixture
def everywhere(tmp_path: Path) -> Repo:
    """One token at every place where git keeps content."""
    repo = Repo.create(tmp_path / "app")
    repo.commit("first", {"keep.py": f"A = '{tok('history')}'\n", ".gitignore": ".env\nbuild/\n"})
    repo.commit("remove it", {"keep.py": "A = None\n"}, author=BOB)
    repo.commit(f"message with {tok('message')}")
    repo.commit("author", author=(tok("author"), "x@example.com"))
    repo.tag("v1", f"tag message {tok('tag')}")
    repo.branch("side").commit("side", {"side.txt": tok("branch")})
    repo.checkout("main")
    repo.stash({"keep.py": tok("stash")})
    repo.note(tok("note"))
    repo.dangling({"d": tok("dangling")})
    repo.loose(tok("loose"))
    repo.branch("rebased", "main~1").commit("to be rebased", {"r.txt": tok("rebased")})
    repo.rebase("main")
    repo.checkout("main")
    repo.stage({"staged.txt": tok("index")})
    repo.write({"staged.txt": "changed again\n", "keep.py": tok("modified"), "new.txt": tok("untracked")})
    repo.write({".env": f"TOKEN={tok('ignored')}\n", "build/out.txt": tok("build")})
    repo.config("remote.origin.url", f"https://x-access-token:{tok('config')}@github.com/corp/app.git")
    return repo


IN_HISTORY = ("history", "message", "author", "tag", "branch", "stash", "note", "dangling", "loose", "rebased", "index")
IN_WORK_TREE = ("modified", "untracked", "ignored", "config")


def test_a_repository_is_searched_everywhere(everywhere: Repo, look: Scan, key: OrgKey) -> None:
    result = look(everywhere.path)
    assert fingerprints(key, *IN_HISTORY, *IN_WORK_TREE) <= found(result)
    assert not fingerprints(key, "build") & found(result)
    assert result.gaps == ()


def test_a_packed_repository_gives_the_same(everywhere: Repo, look: Scan, key: OrgKey) -> None:
    everywhere.pack()
    assert fingerprints(key, *IN_HISTORY, *IN_WORK_TREE) <= found(look(everywhere.path))


def test_without_the_work_tree_only_objects_are_searched(everywhere: Repo, look: Scan, key: OrgKey) -> None:
    result = look(everywhere.path, worktree=False)
    assert fingerprints(key, *IN_HISTORY) <= found(result)
    assert not fingerprints(key, *IN_WORK_TREE) & found(result)


def test_without_history_only_files_are_searched(everywhere: Repo, look: Scan, key: OrgKey) -> None:
    result = look(everywhere.path, history="none")
    assert found(result) >= fingerprints(key, *IN_WORK_TREE)
    assert not fingerprints(key, "history", "dangling", "message") & found(result)
    assert result.examined.objects == 0


@pytest.mark.parametrize(
    "options",
    [
        {"jobs": 2},
        {"jobs": 3, "start_method": "fork"},
        {"jobs": 2, "start_method": "spawn"},
        {"matcher": "keyword"},
        {"exhaustive": True},
    ],
    ids=str,
)
def test_every_way_of_running_gives_byte_equal_findings(
    everywhere: Repo, look: Scan, options: dict[str, object]
) -> None:
    plain, other = look(everywhere.path), look(everywhere.path, **options)
    assert canonical(to_json(plain.findings)) == canonical(to_json(other.findings))
    assert plain == other


def test_no_value_is_in_the_result(everywhere: Repo, look: Scan) -> None:
    text = canonical(to_json(look(everywhere.path).findings)).decode()
    for seed in IN_HISTORY + IN_WORK_TREE:
        assert tok(seed)[4:] not in text


def test_a_value_in_many_places_is_one_finding_with_all_of_them(tmp_path: Path, look: Scan) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": f"\n  t = '{tok('x')}'\n"})
    repo.commit("two", {"b.py": f"{tok('x')} {tok('x')}"}, author=BOB)
    (finding,) = look(repo.path).findings
    assert len({place.object for place in finding.places}) == 2
    lines = {(place.line, place.column) for place in finding.places if place.object == repo.blob("a.py")}
    assert lines == {(2, 8)}


def test_a_pair_is_one_finding_with_two_spans(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    identifier, secret = aws_pair("pair")
    (tmp_path / "credentials").write_text(f"aws_access_key_id = {identifier}\naws_secret_access_key = {secret}\n")
    (finding,) = look(tmp_path / "credentials").findings
    assert {span.part for span in finding.places[0].spans} == {"id", "secret"}
    parts = {"id": identifier.encode(), "secret": secret.encode()}
    assert finding.fingerprint == key.fingerprint(finding.kind, parts)


def test_an_index_entry_has_its_path_and_reach(tmp_path: Path, look: Scan) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": "1"})
    repo.stage({"conf/staged.py": tok("staged")})
    (finding,) = look(repo.path).findings
    assert [(p.path, p.reach, p.object_type) for p in finding.places] == [("conf/staged.py", Reach.INDEX, "blob")]


def test_a_repository_without_commits_still_has_an_index(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app").stage({"a.py": tok("unborn")})
    assert found(look(repo.path)) == fingerprints(key, "unborn")


def test_since_leaves_out_what_that_revision_reaches(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    first = repo.commit("one", {"a.py": tok("old")})
    repo.commit("two", {"b.py": tok("new")})
    assert found(look(repo.path, since=first, worktree=False)) == fingerprints(key, "new")
    with pytest.raises(UnknownRevision):
        look(repo.path, since="nowhere")
    with pytest.raises(UnknownRevision):
        look(repo.path, since="--all")


def test_a_sha256_repository_is_scanned(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app", object_format="sha256")
    repo.commit("one", {"a.py": tok("x")})
    repo.commit("two", {"a.py": "gone"})
    assert found(look(repo.path)) == fingerprints(key, "x")


def test_a_bare_repository_is_scanned(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": tok("x")})
    repo.clone(tmp_path / "bare.git", "--mirror")
    assert found(look(tmp_path / "bare.git")) == fingerprints(key, "x")


def test_a_linked_worktree_and_the_git_folder_lead_to_the_same_history(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": tok("x")})
    repo.commit("two", {"a.py": "gone"})
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert found(look(tmp_path / "linked")) == found(look(repo.path / ".git")) == fingerprints(key, "x")


def test_two_targets_give_one_finding_for_a_shared_value(tmp_path: Path, look: Scan) -> None:
    for name in ("a", "b"):
        Repo.create(tmp_path / name).commit("one", {f"{name}.py": tok("shared")})
    (finding,) = look(tmp_path / "a", tmp_path / "b").findings
    assert {place.repo for place in finding.places} == {str(tmp_path / "a"), str(tmp_path / "b")}


def test_a_plain_folder_a_file_and_standard_input(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text(tok("x"))
    folder, file = look(tmp_path), look(tmp_path / "sub" / "a.txt")
    stream = look(open_target("-", stdin=tok("x").encode()))
    assert found(folder) == found(file) == found(stream) == fingerprints(key, "x")
    assert folder.findings[0].places[0].path == "sub/a.txt"
    assert stream.examined == Examined(files=1, bytes=40)


def test_links_and_special_files_are_not_followed(tmp_path: Path, look: Scan) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text(tok("x"))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path / "outside" / "a.txt")
    (inside / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(inside / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(inside)
        listener.bind("socket")
        result = look(inside)
    assert result.findings == ()
    assert result.gaps == ()


def test_a_file_above_the_limit_is_a_gap(tmp_path: Path, look: Scan) -> None:
    (tmp_path / "big").write_bytes(b"x" * 5000)
    result = look(tmp_path, limit=1000)
    assert [gap.where for gap in result.gaps] == [str(tmp_path / "big")]


def test_a_submodule_that_is_checked_out_is_scanned_and_another_is_a_gap(
    tmp_path: Path, look: Scan, key: OrgKey
) -> None:
    inner = Repo.create(tmp_path / "inner")
    inner.commit("one", {"a.py": tok("inner")})
    outer = Repo.create(tmp_path / "outer")
    outer.git("submodule", "add", "-q", str(inner.path), "sub")
    outer.commit("add submodule")
    result = look(outer.path)
    assert found(result) == fingerprints(key, "inner")
    assert result.targets == (str(outer.path), f"{outer.path}/sub")
    outer.git("submodule", "deinit", "-q", "-f", "sub")
    shutil.rmtree(outer.path / ".git" / "modules")
    assert [gap.where for gap in look(outer.path).gaps] == [f"{outer.path}/sub"]


def test_repositories_inside_a_plain_folder_are_scanned_with_their_history(
    tmp_path: Path, look: Scan, key: OrgKey
) -> None:
    repo = Repo.create(tmp_path / "projects" / "app")
    repo.commit("one", {"a.py": tok("x")})
    repo.commit("two", {"a.py": "gone"})
    assert found(look(tmp_path / "projects")) == fingerprints(key, "x")


def test_a_missing_blob_is_a_gap_and_the_rest_is_scanned(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": tok("x"), "lost": "lost"})
    oid = repo.blob("lost")
    (repo.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    result = look(repo.path)
    assert found(result) == fingerprints(key, "x")
    (gap,) = result.gaps
    assert oid in gap.where
    assert gap.advice


def test_an_exhaustive_scan_tells_of_content_that_is_not_what_its_id_says(
    tmp_path: Path, look: Scan, key: OrgKey
) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": "harmless"})
    real, other = repo.blob("a.py"), repo.loose(tok("hidden"))
    objects = repo.path / ".git" / "objects"
    os.replace(objects / other[:2] / other[2:], objects / real[:2] / real[2:])
    result = look(repo.path, exhaustive=True)
    assert fingerprints(key, "hidden") == found(result)
    assert any(real in gap.where and "id says" in gap.why for gap in result.gaps)


def test_a_corrupt_pack_is_a_gap_and_what_can_be_read_is_scanned(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": tok("whole"), "noise": os.urandom(20_000)})
    repo.pack()
    (pack,) = (repo.path / ".git" / "objects" / "pack").glob("*.pack")
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(content)
    for jobs in (1, 2):
        result = look(repo.path, worktree=False, jobs=jobs)
        assert found(result) == fingerprints(key, "whole")
        assert any(gap.advice for gap in result.gaps)


def test_an_empty_repository_is_one_in_which_nothing_was_examined(tmp_path: Path, look: Scan) -> None:
    for bare in (False, True):
        assert look(Repo.create(tmp_path / f"empty{bare}", bare=bare).path).examined.nothing


def test_a_path_that_does_not_exist_is_a_usage_error_with_advice(tmp_path: Path, look: Scan) -> None:
    with pytest.raises(UsageError) as caught:
        look(tmp_path / "nowhere")
    assert caught.value.advice


def test_the_allowlist_pragma_is_honoured_and_counted(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    allow = "# pragma: allowlist" + " secret"
    repo.commit("one", {"a.py": f"a = '{tok('allowed')}'  {allow}\nb = '{tok('open')}'\n"})
    repo.write({"b.py": f"# pragma: allowlist nextline secret\nc = '{tok('next')}'\nd = '{tok('after')}'\n"})
    result = look(repo.path)
    assert found(result) == fingerprints(key, "open", "after")
    assert result.examined.suppressed == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16le", "utf-16be"])
def test_text_in_utf16_is_read_and_the_step_recorded(tmp_path: Path, look: Scan, key: OrgKey, encoding: str) -> None:
    (tmp_path / "a.ps1").write_bytes(f"first\n$t = '{tok('x')}'\n".encode(encoding))
    (finding,) = look(tmp_path / "a.ps1").findings
    assert finding.fingerprint in fingerprints(key, "x")
    assert finding.places[0].line == 2
    assert finding.places[0].decoding == (("utf-16be",) if encoding == "utf-16be" else ("utf-16le",))


def test_binary_content_is_searched(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40 + tok("x").encode() + bytes(range(256)))
    assert found(look(tmp_path)) == fingerprints(key, "x")


def test_names_that_are_not_utf8_are_scanned(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    name = os.fsdecode(b"caf\xe9.txt")
    (repo.path / name).write_text(tok("x"))
    assert found(look(repo.path)) == fingerprints(key, "x")
    to_json(look(repo.path).findings)


def test_progress_is_told_and_ends_with_the_totals(everywhere: Repo, ruleset: RuleSet, key: OrgKey) -> None:
    seen: list[Examined] = []
    result = scan([everywhere.path], ruleset, key, Options(cache=None), progress=seen.append)
    assert seen[-1] == result.examined
    assert [one.bytes for one in seen] == sorted(one.bytes for one in seen)


def test_an_opened_target_may_be_given(everywhere: Repo, look: Scan) -> None:
    git = Git(everywhere.path)
    named = look(Target("https://example.com/app.git", git=git), worktree=False)
    assert {place.repo for finding in named.findings for place in finding.places} == {"https://example.com/app.git"}


def test_a_folder_that_bears_the_name_of_a_secret_does_not_show_it(tmp_path: Path, look: Scan) -> None:
    inner = Repo.create(tmp_path / "folder" / tok("name"))
    inner.commit("one", {"a.py": tok("other")})
    result = look(tmp_path / "folder")
    assert len(result.findings) == 1
    assert tok("name") not in canonical(to_json([result.findings, result.gaps])).decode()


def test_many_secrets_in_one_long_line_cost_no_more_than_the_line(tmp_path: Path, look: Scan) -> None:
    dense = tmp_path / "dense.min.js"
    dense.write_text("".join(f"{'x' * 20_000} {tok(str(number))} " for number in range(400)))
    result = look(dense)
    assert len(result.findings) == 400
    assert result.seconds < 10


def test_since_leaves_out_an_old_value_in_a_file_that_changed(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    first = repo.commit("one", {"a.py": f"A = '{tok('old')}'\n", "same.py": tok("same")})
    repo.commit("two", {"a.py": f"A = '{tok('old')}'\nB = 1\n", "b.py": f"{tok('new')} {tok('old')}"}, author=BOB)
    repo.stage({"c.py": tok("staged")}).write({"c.py": "changed", "d.py": tok("untracked"), "b.py": tok("old")})
    for jobs in (1, 2):
        assert found(look(repo.path, since=first, jobs=jobs)) == fingerprints(key, "new", "staged", "untracked")


def test_since_leaves_out_what_a_branch_forked_before_that_revision_had(
    tmp_path: Path, look: Scan, key: OrgKey
) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": f"A = '{tok('old')}'\n"})
    repo.branch("side").commit("side", {"a.py": f"A = '{tok('old')}'\nB = '{tok('new')}'\n"}, author=BOB)
    repo.checkout("main").commit("taken out", {"a.py": ""})
    assert found(look(repo.path, since="main")) == fingerprints(key, "new")


def test_a_repository_within_that_lacks_the_revision_of_since_is_a_gap(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    first = repo.commit("one", {"a.py": "1"})
    repo.commit("two", {"b.py": tok("new")})
    Repo.create(repo.path / "inner").commit("one", {"a.py": tok("inner")})
    result = look(repo.path, since=first, worktree=True)
    assert fingerprints(key, "new") <= found(result)
    assert [gap.where for gap in result.gaps] == [f"{repo.path}/inner: history"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_of_two_repositories_the_earlier_author_stands_for_the_value(jobs: int, tmp_path: Path, look: Scan) -> None:
    early, late = (Repo.create(tmp_path / name) for name in ("late-by-name", "a"))
    first = early.commit("add", {"conf": f"A = '{tok('both')}'\n"})
    late.commit("start", {"README": "x\n"})
    late.commit("add", {"conf": f"B = '{tok('both')}'\n"}, author=BOB)
    for targets in ((early.path, late.path), (late.path, early.path)):
        (finding,) = look(*targets, jobs=jobs).findings
        assert finding.introduced is not None
        assert finding.introduced.commit == first
        assert [(who.raw_email, who.kind) for who in finding.carried] == [(BOB[1], Carrier.OTHER_REPOSITORY)]


def test_a_value_that_is_found_as_two_kinds_is_attributed_once(tmp_path: Path, look: Scan) -> None:
    repo = Repo.create(tmp_path / "app")
    first = repo.commit("add", {"conf": f"url = postgres://app:{tok('twice')}@db.corp.example/app\n"})
    repo.commit("use", {"token": f"token = '{tok('twice')}'\n"}, author=BOB)
    findings = look(repo.path).findings
    assert sorted(one.kind for one in findings) == ["database.postgres", "github.pat.classic"]
    for one in findings:
        assert one.introduced is not None
        assert one.introduced.commit == first
        assert [(who.raw_email, who.kind) for who in one.carried] == [(BOB[1], Carrier.COPY)]
        assert len(one.places) == 1  # places are those of the kind alone
        (other,) = {it.kind for it in findings} - {one.kind}
        assert any(f"the same value is found as {other}, too" in line for line in one.evidence)
