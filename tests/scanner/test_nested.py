"""Repositories that lie within what was named: submodules, those that are gone, those in ignored folders."""

from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import github_classic
from scanner.repository.giterrors import UnknownRevision
from scanner.repository.sources import open_target
from scanner.values import read_value
from tests.builders import ANN, BOB, Repo
from tests.scanner.conftest import Scan

TOKEN = github_classic("nested")


@pytest.fixture
def app(tmp_path: Path) -> Repo:
    """A repository with the submodule `lib`, in whose history Bob left a token."""
    lib = Repo.create(tmp_path / "lib")
    lib.commit("leak", {"a.py": f"t = '{TOKEN}'\n"}, author=BOB)
    lib.commit("mend", {"a.py": "", ".mailmap": ""})
    made = Repo.create(tmp_path / "app")
    made.commit("one", {"README": "text\n"}, author=ANN)
    made.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", f"file://{lib.path}", "lib")
    made.commit("with lib")
    return made


def found(look: Scan, *targets: Path) -> tuple[set[str], list[str]]:
    """The repositories that hold the token, and the gaps."""
    result = look(*targets)
    for finding in result.findings:
        assert finding.introduced is not None
        assert finding.introduced.email == BOB[1]
        assert all(read_value(place) for place in finding.places)
    return {place.repo for one in result.findings for place in one.places}, [gap.where for gap in result.gaps]


def test_a_submodule_that_is_checked_out_is_looked_at_once(app: Repo, look: Scan) -> None:
    assert found(look, app.path) == ({f"{app.path}/lib"}, [])


def test_a_submodule_that_was_removed_is_still_looked_at(app: Repo, look: Scan) -> None:
    app.commit("without lib", delete=("lib", ".gitmodules"))
    assert not (app.path / "lib").exists()
    assert found(look, app.path) == ({f"{app.path}/.git/modules/lib"}, [])


def test_a_submodule_whose_work_tree_was_taken_down_is_looked_at_and_no_gap(app: Repo, look: Scan) -> None:
    app.git("submodule", "deinit", "-q", "-f", "lib")
    assert found(look, app.path) == ({f"{app.path}/.git/modules/lib"}, [])


def test_the_repository_of_a_removed_submodule_may_be_named(app: Repo, look: Scan) -> None:
    app.commit("without lib", delete=("lib", ".gitmodules"))
    folder = app.path / ".git" / "modules" / "lib"
    assert found(look, folder) == ({str(folder)}, [])


@pytest.mark.parametrize("leads", ["/", "../../../nowhere", "../../../README"])
def test_where_its_configuration_leads_does_not_matter(app: Repo, look: Scan, leads: str) -> None:
    app.commit("without lib", delete=("lib", ".gitmodules"))
    folder = app.path / ".git" / "modules" / "lib"
    app.git("config", "--file", str(folder / "config"), "core.worktree", leads)
    git = open_target(folder).git
    assert git is not None
    assert git.bare
    assert found(look, app.path) == ({f"{app.path}/.git/modules/lib"}, [])


def test_a_damaged_repository_of_a_submodule_is_a_gap(app: Repo, look: Scan) -> None:
    app.commit("without lib", delete=("lib", ".gitmodules"))
    (app.path / ".git" / "modules" / "lib" / "config").write_text("[core\n")
    assert found(look, app.path) == (set(), [f"{app.path}/.git/modules/lib"])


def test_submodules_with_slashes_in_their_names_and_submodules_of_theirs_are_found(app: Repo, look: Scan) -> None:
    inner = Repo.create(app.path / ".git" / "modules" / "a" / "b" / "modules" / "c", bare=True)
    outer = Repo.create(app.path / ".git" / "modules" / "a" / "b", bare=True)
    below = Repo.create(app.path / ".git" / "modules" / "lib" / "modules" / "d", bare=True)
    for bare, name in ((inner, "inner"), (outer, "outer"), (below, "below")):
        bare.loose(github_classic(name))
    result = look(app.path)
    repos = {place.repo.removeprefix(str(app.path)) for one in result.findings for place in one.places}
    assert repos == {"/lib", "/.git/modules/a/b", "/.git/modules/a/b/modules/c", "/.git/modules/lib/modules/d"}


def test_a_repository_in_an_ignored_folder_is_looked_at(app: Repo, look: Scan) -> None:
    app.commit("ignore", {".gitignore": "/vendor/\n*.d/\n"})
    for folder in ("vendor/deep/one", "two.d"):
        inner = Repo.create(app.path / folder)
        inner.commit("leak", {"b.py": TOKEN}, author=BOB)
        inner.commit("mend", {"b.py": ""})
    repos, gaps = found(look, app.path)
    assert repos == {f"{app.path}/lib", f"{app.path}/vendor/deep/one", f"{app.path}/two.d"}
    assert gaps == []


def test_a_repository_with_a_damaged_index_still_names_who_introduced(app: Repo, look: Scan, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    (lib / ".git" / "index").write_bytes(b"DIRC, but no more")
    repos, gaps = found(look, lib)
    assert repos == {str(lib)}
    assert f"{lib}: index and work tree" in gaps
    assert not any(": history at" in gap for gap in gaps)


def test_a_revision_that_the_one_named_repository_lacks_is_an_error_though_it_has_a_submodule(
    app: Repo, look: Scan
) -> None:
    with pytest.raises(UnknownRevision):
        look(app.path, since="no-such-tag")
