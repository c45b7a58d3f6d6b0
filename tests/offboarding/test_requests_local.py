"""Without a forge: a branch in a repository that the user names, or a bundle that holds no value."""

import stat
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offboarding import mirror
from offboarding.configuration import config
from offboarding.remedy import locating
from offboarding.remedy.branch import PushRefused
from offboarding.remedy.equipping import Equipping
from offboarding.remedy.executor import PROPOSED
from offboarding.remedy.forge import NothingToPropose
from offboarding.remedy.local import Bundle
from offboarding.remedy.locating import Where
from offkey.http import Refused
from offkey.model import Liveness
from tests.builders import BOB, Repo
from tests.offboarding.cases import NOW
from tests.offboarding.proposing import World, hub


@pytest.fixture(params=["branch", "bundle"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with hub(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def bundled(tmp_path: Path) -> Iterator[World]:
    with hub(tmp_path, "bundle") as made:
        yield made


def brought(world: World) -> Repo:
    """A clone that has the proposed branch."""
    if world.kind == "branch":
        return Repo(world.folder / "place")
    clone = world.remote.clone(world.folder / "reviewer")
    (bundle,) = (world.folder / "bundles").iterdir()
    clone.git("fetch", "-q", "--force", str(bundle), "refs/heads/*:refs/heads/*")
    return clone


def contents(bundle: Path) -> bytes:
    """Every byte that a bundle's pack holds, inflated: whole objects and deltas alike (gitformat-pack)."""
    raw = bundle.read_bytes()
    at = raw.index(b"PACK") + 12
    whole = raw[: raw.index(b"PACK")]
    while at < len(raw) - 20:
        first = byte = raw[at]
        at += 1
        while byte & 0x80:
            byte, at = raw[at], at + 1
        kind = first >> 4 & 7
        if kind == 7:
            at += 20
        elif kind == 6:
            while raw[at] & 0x80:
                at += 1
            at += 1
        inflater = zlib.decompressobj()
        whole += inflater.decompress(raw[at:])
        at = len(raw) - len(inflater.unused_data)
    return whole


def status(world: World, name: str) -> str:
    return world.remedy().before(world.step(name), world.credential(name)).status


def test_the_branch_is_there_with_both_taken_out_and_the_scanned_repository_is_untouched(world: World) -> None:
    before = world.work.git("for-each-ref"), world.remote.git("for-each-ref"), world.work.git("status", "--porcelain")
    assert status(world, "one") == ""
    world.act("one", "two")
    assert [status(world, name) for name in ("one", "two")] == [PROPOSED, PROPOSED]
    there = brought(world)
    assert 'ONE = os.environ["SLACK_USER"]' in there.git("show", "offkey/replace-credentials:app.py")
    assert there.git("rev-list", "--count", "origin/main..offkey/replace-credentials") == "1"
    after = world.work.git("for-each-ref"), world.remote.git("for-each-ref"), world.work.git("status", "--porcelain")
    assert after == before


def test_done_again_nothing_changes_and_more_goes_onto_the_same_branch(world: World) -> None:
    world.act("two", "one")
    first = brought(world).head("offkey/replace-credentials")
    assert world.act("two", "one") == ()
    world.push("again", {"late.py": f'LATE = "{world.values["one"]}"\n'})
    if world.kind == "branch":
        Repo(world.folder / "place").git("fetch", "-q", "origin")
    assert status(world, "one") == ""
    world.act("one", "two")
    there = brought(world) if world.kind == "branch" else Repo(world.folder / "reviewer")
    if world.kind == "bundle":
        (bundle,) = (world.folder / "bundles").iterdir()
        there.git("fetch", "-q", "origin")
        there.git("fetch", "-q", str(bundle), "refs/heads/*:refs/heads/*")  # a fast-forward, or it is refused
    assert there.git("merge-base", first, "offkey/replace-credentials") == first
    assert "LATE = os.environ" in there.git("show", "offkey/replace-credentials:late.py")


def test_once_merged_it_is_seen_as_gone(world: World) -> None:
    world.act("one", "two")
    brought(world).git("push", "-q", str(world.remote.path), "offkey/replace-credentials:main")
    assert world.remedy().before(world.step("one"), world.credential("one")).liveness is Liveness.DEAD


def test_no_object_of_a_bundle_holds_a_value(bundled: World) -> None:
    bundled.act("one", "two")
    bundled.push("again", {"late.py": f'LATE = "{bundled.values["one"]}"\n'})
    bundled.act("one", "two")
    (bundle,) = (bundled.folder / "bundles").iterdir()
    inside = contents(bundle)
    assert b"LATE = os.environ" in inside
    assert b"Replace committed credentials" in inside
    assert not any(value.encode() in inside for value in bundled.values.values())
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def test_a_file_that_still_holds_another_value_is_in_no_bundle(bundled: World) -> None:
    with pytest.raises(NothingToPropose, match=r"app\.py: it holds another credential"):
        bundled.act("one")
    assert not (bundled.folder / "bundles").exists()
    bundled.act("two")
    (bundle,) = (bundled.folder / "bundles").iterdir()
    inside = contents(bundle)
    assert b"SLACK_USER" in inside
    assert not any(value.encode() in inside for value in bundled.values.values())


def test_a_bundle_whose_files_would_hold_a_value_is_not_written(bundled: World) -> None:
    forge = bundled.forge()
    assert isinstance(forge, Bundle)
    base = bundled.mirror.head("main")
    bundled.work.commit("more", {"more.py": f'MORE = "{bundled.values["two"]}"\n'}, author=BOB)
    bundled.mirror.git("fetch", "-q", str(bundled.work.path), "main")
    with pytest.raises(NothingToPropose, match="would hold a value"):
        forge.push(bundled.remedy().targets[str(bundled.work.path)].mirror, bundled.work.head("main"), "offkey/x", base)
    assert not (bundled.folder / "bundles").exists()


def test_without_an_approval_nothing_is_written_on_this_disk(tmp_path: Path) -> None:
    for kind in ("branch", "bundle"):
        with hub(tmp_path / kind, kind) as world:

            def refuse() -> None:
                raise Refused("no approval")

            forge = replace(world.forge(), permit=refuse)  # type: ignore[type-var]
            with pytest.raises(Refused):
                world.remedy(forge, beside=world.beside("one", "two")).act(world.step("one"), world.credential("one"))
            assert "offkey" not in Repo(world.folder / "place").git("for-each-ref")
            assert not (world.folder / "bundles").exists()


def test_a_hook_of_the_named_repository_is_not_run(tmp_path: Path) -> None:
    with hub(tmp_path, "branch") as world:
        for name in ("pre-receive", "update", "post-receive", "reference-transaction", "post-update"):
            hook = tmp_path / "place" / ".git" / "hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
            hook.chmod(0o755)
        world.act("one", "two")
        assert not (tmp_path / "ran").exists()


def test_a_branch_that_is_checked_out_there_is_not_touched(tmp_path: Path) -> None:
    with hub(tmp_path, "branch") as world:
        world.act("one")
        place = Repo(tmp_path / "place")
        place.git("checkout", "-q", "offkey/replace-credentials")
        with pytest.raises(PushRefused, match="did not take the branch"):
            world.act("two")


WHERE = """
[remedy]
bundles = "patches"
[providers.gitlab.instances.corp]
url = "https://lab.corp.test/api/v4"
[remedy.repositories]
"named" = "branch:clones/named"
"carried" = "bundle:out"
"disk" = "gitlab/corp:group/team/disk"
"""


def test_where_changes_go_is_what_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "offkey.toml").write_text(WHERE)
    known = config.load(tmp_path / "offkey.toml")
    origins = {"named": "https://github.com/corp/named", "carried": "", "disk": "/srv/git/disk.git", "other": "",
               "lab": "git@lab.corp.test:group/team/lab.git"}  # fmt: skip
    for name, url in origins.items():
        repo = Repo.create(tmp_path / name)
        if url:
            repo.git("config", "remote.origin.url", url)
    found = {name: locating.find(known, str(tmp_path / name)) for name in origins}
    assert found["named"] == Where("branch", f"file://{tmp_path}/named/.git", str(tmp_path / "clones" / "named"))
    assert found["carried"] == Where("bundle", f"file://{tmp_path}/carried/.git", str(tmp_path / "out"))
    assert found["disk"] == Where("gitlab/corp", "/srv/git/disk.git", "group/team/disk")
    assert found["lab"] == Where("gitlab/corp", "ssh://git@lab.corp.test/group/team/lab.git", "group/team/lab")
    assert found["other"] == Where("bundle", f"file://{tmp_path}/other/.git", str(tmp_path / "patches"))


def test_equipped_without_an_approval_a_bundle_can_be_looked_for_and_not_written(tmp_path: Path) -> None:
    with hub(tmp_path, "bundle") as world:
        (tmp_path / "offkey.toml").write_text(f'[remedy.repositories]\n"{world.work.path}" = "bundle:bundles"\n')
        known, plan = config.load(tmp_path / "offkey.toml"), world.plan()
        made = Equipping(config=known, plan=plan, state=tmp_path / "state", now=lambda: NOW)
        assert made.remedy().targets == {}, "the run's copy is gone"
        world.mirror.clone(_folder(tmp_path, world), "--mirror")
        remedy = made.remedy()
        assert remedy.before(world.step("one"), world.credential("one")).liveness is Liveness.LIVE
        with pytest.raises(Refused, match="no approval"):
            replace(remedy, beside=world.beside("one", "two")).act(world.step("one"), world.credential("one"))


def _folder(root: Path, world: World) -> Path:
    found = mirror.folder(root / "state", world.plan().run, str(world.work.path))
    found.parent.mkdir(parents=True)
    return found
