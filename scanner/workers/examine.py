"""What a worker does: reads its share, finds, and answers with addresses and fingerprints, never with values."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from offkey.fingerprint import OrgKey
from offkey.found import Gap
from offkey.secret import Secret
from rules.match import Match
from scanner.artefacts.opened import Artefact
from scanner.claims import claims
from scanner.contents.carry import Searcher
from scanner.contents.hits import Hit, Spot, hits, showing
from scanner.contents.layers import Looked, look, reasons
from scanner.contents.opening import worth
from scanner.matching.matcher import Matcher, open_matcher
from scanner.repository import lfs
from scanner.repository.files import FileItem, read_file
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, GitObject, ObjectInfo, missing_objects, not_itself, object_id
from scanner.storage.delta import kernel
from scanner.storage.loose import read_loose
from scanner.storage.packs import KINDS, Pack, object_folders, open_pack
from scanner.storage.treewalk import Look, Walked, tree_kernel, walk, walk_single
from scanner.workers.artefacts import look_into, opened
from scanner.workers.deltatrees import NOTHING_SEEN, Batch, DeltaTrees, Seen
from scanner.workers.division import PIECE, divided
from scanner.workers.work import Outcome, Setup, Task

Address = tuple[str, str, str, str]
"""Object, its type, path and reach."""
_UNPACK = "unpack it yourself and scan what comes out"
_TOGETHER = 16 << 10
"""Bytes of loose objects that are searched at once."""


class _Stopped(Exception):
    """Nobody waits for the outcome any more."""


class Worker:
    """One process's matcher, key and readers."""

    def __init__(
        self, setup: Setup, stopped: Callable[[], bool] = lambda: False, matcher: Matcher | None = None
    ) -> None:
        self._setup = setup
        self._stopped = stopped
        self._key = OrgKey(Secret(setup.key))
        self._matcher = matcher or open_matcher(setup.rules, setup.digest, choice=setup.matcher, cache=setup.cache)
        self._readers: dict[int, CatFileReader] = {}
        self._searcher = Searcher(setup.rules, self._matcher)
        self._shown = showing(self._key)

    def examine(self, task: Task) -> Outcome:
        """Look at everything in a task. What cannot be read is a Gap in the outcome."""
        outcome = Outcome(target=task.target, held=task.held, of_files=bool(task.files))
        if task.look is not None:
            outcome.walked = self._walked(task, task.look)
            return outcome
        if task.walk:
            self._walk(task, outcome)
        if task.objects:
            self._objects(task, outcome)
        if task.loose:
            self._loose(task, outcome)
        if task.roots:
            self._trees(task, outcome)
        for item in task.files:
            if self._stopped():
                break
            self._file(task.target, item, outcome)
        return outcome

    def close(self) -> None:
        """End the git processes of this worker."""
        for reader in self._readers.values():
            reader.close()

    def leave(self, target: int) -> None:
        """End the git process of this worker in a target that is done."""
        if target in self._readers:
            self._readers.pop(target).close()

    def _walk(self, task: Task, outcome: Outcome) -> None:
        git = self._setup.gits[task.target]
        assert git is not None
        for absent in missing_objects(git):
            if isinstance(absent, Gap):
                outcome.gaps.append(absent)
            else:
                outcome.missing.append(absent)

    def _walked(self, task: Task, look: Look) -> Walked:
        git, kernel = self._setup.gits[task.target], tree_kernel(True)
        assert git is not None
        assert kernel is not None
        if task.pack:
            return walk(kernel, open_pack(task.pack, git.hash_size), task.roots, look, self._setup.limit)
        return walk_single(kernel, self._singles(git, task), git.hash_size, look)

    def _singles(self, git: Git, task: Task) -> Iterator[GitObject | Gap]:
        folders = object_folders(git.common_dir)
        left = []
        for info in task.objects:
            found = read_loose(folders, info.oid, self._setup.limit)
            if found is None:
                left.append(info)
            else:
                yield found
        if left:
            yield from self._readers.setdefault(task.target, CatFileReader(git, limit=self._setup.limit)).read(left)

    def _objects(self, task: Task, outcome: Outcome) -> None:
        git = self._setup.gits[task.target]
        assert git is not None
        reader = self._readers.setdefault(task.target, CatFileReader(git, limit=self._setup.limit))
        for found in reader.read(task.objects):
            if self._stopped():
                break
            if isinstance(found, Gap):
                outcome.gaps.append(found)
                continue
            if self._setup.verify and object_id(found.type, found.content, git.object_format) != found.oid:
                outcome.gaps.append(not_itself(git, found))
            self._object(outcome, git, found)

    def _object(self, outcome: Outcome, git: Git, found: GitObject) -> None:
        self._met(outcome, found)
        reach = "message" if found.type in ("commit", "tag") else "dangling"
        where = f"{git.path}: {found.type} {found.oid}"
        self._look(outcome, outcome.target, found.content, (found.oid, found.type, "", reach), where)

    def _met(self, outcome: Outcome, found: GitObject) -> None:
        outcome.objects += 1
        outcome.bytes += len(found.content)
        if found.type in ("commit", "tag"):
            outcome.keep_header(found.oid, found.type, found.content)

    def _searched(self, outcome: Outcome, git: Git, together: Sequence[GitObject]) -> None:
        """Look at some small objects: in nearly all there is nothing, which is soon seen of all of them as one."""
        clear = self._searcher.clear([found.content for found in together])
        for found, nothing in zip(together, clear, strict=True):
            if nothing and not worth(found.content) and not found.content.startswith(lfs.BEGIN):
                self._met(outcome, found)
            else:
                self._object(outcome, git, found)

    def _loose(self, task: Task, outcome: Outcome) -> None:
        """Objects outside the packs; of git trees only their ids are told."""
        git = self._setup.gits[task.target]
        assert git is not None
        folders = object_folders(git.common_dir)
        left = []
        together: list[GitObject] = []
        size = 0
        for oid in task.loose:
            if self._stopped():
                break
            found = read_loose(folders, oid, self._setup.limit)
            if found is None:
                left.append(oid)
            elif found.type == "tree":
                outcome.trees.append(ObjectInfo(oid, "tree", len(found.content)))
                if task.keep:
                    outcome.contents[oid] = found.content
            else:
                together.append(found)
                size += len(found.content)
                if size > _TOGETHER:
                    self._searched(outcome, git, together)
                    together, size = [], 0
        self._searched(outcome, git, together)
        if left:
            self._through_git(task.target, left, outcome)

    def _trees(self, task: Task, outcome: Outcome) -> None:
        git = self._setup.gits[task.target]
        assert git is not None
        pack, roots, path = open_pack(task.pack, git.hash_size, self._setup.compiled), task.roots, frozenset[int]()
        if task.piece >= 0:
            piece = divided(pack, task.roots[0], PIECE)[task.piece]
            pack, roots, path = piece.of(pack), (piece.path or piece.entries)[:1], frozenset(piece.path)
        before = [open_pack(path, git.hash_size, self._setup.compiled) for path in task.before]
        trees = DeltaTrees(pack, self._searcher, kernel(self._setup.compiled), self._setup.limit)

        def take(batch: Batch) -> None:
            if self._stopped():
                raise _Stopped
            told = batch.told
            elsewhere = path.intersection(batch.positions) if path else path
            if before:
                elsewhere |= {at for at in batch.positions if any(other.holds(pack.oid(at)) for other in before)}
            outcome.objects += len(batch.contents) - len(elsewhere)
            outcome.bytes += sum(map(len, batch.contents))
            outcome.commits += batch.commits
            if elsewhere:
                kept = zip(batch.positions, batch.contents, strict=True)
                outcome.bytes -= sum(len(content) for at, content in kept if at in elsewhere)
                told = [one for one in told if one.position not in elsewhere]
            for one in told:
                self._packed(task.target, pack, one, outcome)

        with suppress(_Stopped):
            trees.objects(roots, take)
        failed = [pack.oid(position) for position in trees.failed if position not in path]
        if failed and not self._stopped():
            self._through_git(task.target, failed, outcome)

    def _packed(self, target: int, pack: Pack, seen: Seen, outcome: Outcome) -> None:
        git, oid, kind = self._setup.gits[target], pack.oid(seen.position), KINDS[pack.types[seen.position]]
        assert git is not None
        if seen.heading:
            outcome.keep_header(oid, kind, seen.content)
        address, where = (oid, kind, "", "dangling" if kind == "blob" else "message"), f"{git.path}: {kind} {oid}"
        if seen.looked is not NOTHING_SEEN:
            self._tell(outcome, target, seen.looked, address, where)
        if seen.content.startswith(lfs.BEGIN):
            self._follow(outcome, target, seen.content, address, where)

    def _through_git(self, target: int, oids: list[str], outcome: Outcome) -> None:
        git = self._setup.gits[target]
        assert git is not None
        found = list(self._readers.setdefault(target, CatFileReader(git, limit=self._setup.limit)).info(oids))
        outcome.gaps += [info for info in found if isinstance(info, Gap)]
        infos = [info for info in found if isinstance(info, ObjectInfo)]
        outcome.trees += [info for info in infos if info.type == "tree"]
        self._objects(Task(target, objects=tuple(info for info in infos if info.type != "tree")), outcome)

    def _file(self, target: int, item: FileItem, outcome: Outcome) -> None:
        git = self._setup.gits[target]
        content = opened(item, self._setup.limit) if git is None else read_file(item, self._setup.limit)
        if isinstance(content, Artefact):
            outcome.files += 1
            self.look_into(outcome, target, content, item)
            return
        if isinstance(content, Gap):
            outcome.gaps.append(content)
            return
        if content is None:
            return
        outcome.files += item.kind == "file"
        outcome.bytes += len(content)
        if item.known and git is not None and object_id("blob", content, git.object_format) == item.known:
            return
        self.look_at_bytes(outcome, target, content, item)

    def look_at_bytes(self, outcome: Outcome, target: int, content: bytes, item: FileItem) -> None:
        """Look at the content of a file, whose address is the content's digest."""
        address = "sha256:" + hashlib.sha256(content).hexdigest()
        where = os.path.join(item.root, item.path)
        self._look(outcome, target, content, (address, item.kind, item.path, item.reach), where)

    def look_into(self, outcome: Outcome, target: int, artefact: Artefact, item: FileItem) -> None:
        """Look at every file in an artefact, and close it."""
        address, where = (artefact.digest, item.kind, item.path, item.reach), os.path.join(item.root, item.path)
        try:
            tell = partial(self._tell, outcome, target, address=address, where=where)
            outcome.bytes += look_into(artefact, self._searcher, tell, self._stopped)
        finally:
            artefact.close()

    def _look(self, outcome: Outcome, target: int, content: bytes, address: Address, where: str) -> None:
        self._tell(outcome, target, look(self._searcher, content), address, where)
        if content.startswith(lfs.BEGIN):
            self._follow(outcome, target, content, address, where)

    def _follow(self, outcome: Outcome, target: int, content: bytes, address: Address, where: str) -> None:
        """Look at what a Git LFS pointer names."""
        git, oid = self._setup.gits[target], lfs.pointer(content)
        if not oid:
            return
        kept = lfs.stored(git.common_dir, oid, self._setup.limit) if git is not None else None
        if isinstance(kept, bytes):
            self._tell(outcome, target, look(self._searcher, kept, (f"{lfs.STEP}:{oid}",)), address, where)
        else:
            outcome.gaps.append(kept or lfs.elsewhere(str(git.path) if git is not None else where))

    def _tell(self, outcome: Outcome, target: int, looked: Looked, address: Address, where: str) -> None:
        found, suppressed = hits(looked.texts, self._maker(target, address), excuse=self._setup.excuse)
        outcome.hits += found
        outcome.suppressed += suppressed
        outcome.gaps += [Gap(where=where, why=why, advice=_UNPACK) for why in reasons(looked.refused)]

    def _maker(self, target: int, address: Address) -> Callable[[Match, Spot], Hit]:
        def make(match: Match, spot: Spot) -> Hit:
            parts = tuple((name, spot.text[start:end]) for name, start, end in match.spans)
            whole = b"" if "secret" in dict(parts) else spot.text[match.start : match.end]
            fingerprint, redacted, value = self._shown(match.kind, parts, whole)
            found = (match.kind, fingerprint, redacted, match.confidence)
            said = claims(match.kind, match.spans, spot.text)
            line, column = spot.line, spot.column
            return Hit(target, *found, *address, line, column, match.spans, spot.decoding, value, said)

        return make
