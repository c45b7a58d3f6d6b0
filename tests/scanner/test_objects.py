"""Reading objects with git, whole and damaged."""

from pathlib import Path

import pytest

from offkey.model import Gap
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, GitObject, ObjectInfo, missing_objects, object_id
from tests.builders import Repo


def history(tmp_path: Path, object_format: str = "sha1") -> Repo:
    repo = Repo.create(tmp_path / "app", object_format=object_format)
    for number in range(6):
        repo.commit(f"commit {number}", {"a.txt": f"line {number}\n" * 40, f"f{number}": f"{number}"})
    repo.tag("v1", "release")
    return repo


def listed(repo: Repo) -> list[ObjectInfo]:
    return [info for info in CatFileReader(Git(repo.path)).list_objects() if isinstance(info, ObjectInfo)]


def read(repo: Repo, objects: list[ObjectInfo], limit: int = 1 << 20) -> list[GitObject | Gap]:
    reader = CatFileReader(Git(repo.path), limit=limit)
    try:
        return list(reader.read(objects))
    finally:
        reader.close()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_object_is_read_with_the_content_that_its_id_promises(
    tmp_path: Path, object_format: str, packed: bool
) -> None:
    repo = history(tmp_path, object_format)
    if packed:
        repo.pack()
    objects = listed(repo)
    found = read(repo, objects)
    assert len(found) == len(objects) > 20
    for info, item in zip(objects, found, strict=True):
        assert isinstance(item, GitObject)
        assert (item.oid, item.type, len(item.content)) == info
        assert object_id(item.type, item.content, object_format) == item.oid


def test_unreachable_objects_and_those_of_alternates_are_listed(tmp_path: Path) -> None:
    repo = history(tmp_path)
    loose = repo.loose("nobody refers to me")
    borrower = Repo.create(tmp_path / "borrower")
    (borrower.path / ".git" / "objects" / "info" / "alternates").write_text(f"{repo.path}/.git/objects\n")
    assert loose in {info.oid for info in listed(borrower)}


def test_more_objects_than_are_asked_for_ahead_come_in_order(tmp_path: Path) -> None:
    repo = history(tmp_path)
    objects = listed(repo) * 40
    assert [item.oid for item in read(repo, objects) if isinstance(item, GitObject)] == [info.oid for info in objects]


def test_an_object_above_the_limit_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("big and small", {"big": "x" * 5000, "small": "y"})
    found = read(repo, [info for info in listed(repo) if info.type == "blob"], limit=1000)
    assert [type(item) for item in found].count(Gap) == 1
    assert [item.content for item in found if isinstance(item, GitObject)] == [b"y"]


def test_a_missing_object_is_a_gap_with_advice(tmp_path: Path) -> None:
    repo = history(tmp_path)
    (gap,) = read(repo, [ObjectInfo("0" * 39 + "1", "blob", 3)])
    assert isinstance(gap, Gap)
    assert "missing" in gap.why
    assert gap.advice


def test_a_damaged_loose_object_is_a_gap_and_reading_goes_on_behind_it(tmp_path: Path) -> None:
    repo = history(tmp_path)
    objects = listed(repo)
    victim = repo.blob("a.txt")
    path = repo.path / ".git" / "objects" / victim[:2] / victim[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-8] + b"\0" * 8)
    found = read(repo, objects)
    assert [victim in item.where for item in found if isinstance(item, Gap)] == [True]
    assert sum(isinstance(item, GitObject) for item in found) == len(objects) - 1


def test_a_damaged_pack_costs_the_objects_that_stand_on_the_damage_and_no_more(tmp_path: Path) -> None:
    repo = history(tmp_path).pack()
    objects = listed(repo)
    (pack,) = (repo.path / ".git" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4] = b"\xff\xff\xff\xff"
    pack.write_bytes(content)
    found = read(repo, objects)
    assert len(found) == len(objects)
    assert any(isinstance(item, Gap) for item in found)
    assert sum(isinstance(item, GitObject) for item in found) > len(objects) // 2


def test_a_pack_without_its_index_is_told_of(tmp_path: Path) -> None:
    repo = history(tmp_path).pack()
    (index,) = (repo.path / ".git" / "objects" / "pack").glob("*.idx")
    index.unlink()
    assert listed(repo) == []
    assert [item for item in missing_objects(Git(repo.path)) if isinstance(item, Gap)]


def test_objects_that_the_history_needs_but_the_repository_lacks_are_named(tmp_path: Path) -> None:
    repo = history(tmp_path)
    lost = repo.blob("f3")
    (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    assert list(missing_objects(Git(repo.path))) == [lost]


def test_a_partial_clone_names_what_its_origin_kept_and_fetches_nothing(tmp_path: Path) -> None:
    repo = history(tmp_path)
    clone = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    before = listed(clone)
    assert repo.blob("f3") in list(missing_objects(Git(clone.path)))
    assert listed(clone) == before


def test_a_shallow_clone_lacks_nothing_that_it_promises(tmp_path: Path) -> None:
    clone = history(tmp_path).clone(tmp_path / "shallow", "--depth=1")
    assert list(missing_objects(Git(clone.path))) == []
