"""What a target consists of: a repository's objects, index and work tree; a plain folder, a file, standard input."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from offkey.errors import UsageError
from offkey.model import Gap
from scanner.examine import FileItem, Task, read_file
from scanner.git import CorruptRepository, Git, GitError, NotARepository
from scanner.objects import CatFileReader, ObjectInfo

SHARE = 16 << 20
"""Bytes of content in one task: small enough to keep every core busy to the end, large enough to stay near deltas."""
_SHARE_OBJECTS = 4096
_SHARE_FILES = 256

IGNORED_BUT_TELLING = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.asc",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".npmrc", ".yarnrc*", ".pypirc", "pip.conf", ".netrc", "_netrc",
    ".git-credentials", ".dockercfg", ".dockerconfigjson", "credentials*", "*credentials.json", "service-account*.json",
    "*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.backup", ".terraformrc", "kubeconfig*", "*.kubeconfig",
    "secret*", "*secrets.*", "*.secret", ".htpasswd", ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".vault-token",
    "local.settings.json", "appsettings*.json", "settings.xml", "gradle.properties", "local.properties",
    "config.local.*",
)  # fmt: skip
"""Names, in lower case, of files that are looked at although git ignores them: where tools and habit put secrets."""


@dataclass(frozen=True)
class Target:
    """One thing to scan. `name` is what the user called it; one of `git`, `root` and `content` says what it is.

    `inner` ones were not named but lie in another.
    """

    name: str
    git: Git | None = None
    root: Path | None = None
    files: tuple[str, ...] = ()
    content: bytes | None = None
    inner: bool = False


class StagedChange(NamedTuple):
    """A file whose staged content differs from HEAD's: its path and the blob in the index."""

    path: str
    oid: str


def open_target(name: str | Path, *, stdin: bytes | None = None) -> Target:
    """The target for a path, or for `-` with the content of standard input.

    A path that is the top of a work tree, a bare repository or a `.git` folder is a repository. A folder within one
    is a plain folder: the user asked for less. Raises UsageError for a path that does not exist or cannot be read,
    and GitError for a repository that git refuses.
    """
    if str(name) == "-":
        return Target("-", content=stdin or b"")
    path = Path(name)
    try:
        kind = os.stat(str(name)).st_mode
    except OSError as error:
        raise _not_there(str(name), error) from error
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(kind) else 0)):
        raise UsageError(f"{name}: permission denied", advice="run as a user who may read it")
    if stat.S_ISREG(kind):
        file = path.resolve()  # a link that the user named is meant; one found in a folder is not followed
        return Target(str(name), root=file.parent, files=(file.name,))
    if not stat.S_ISDIR(kind):
        raise UsageError(
            f"{name}: no folder or file", advice="name a repository, a folder, a file, or - for standard input"
        )
    if (git := _repository_at(path)) is not None:
        return Target(str(name), git=git)
    return Target(str(name), root=path.absolute())


def _not_there(name: str, error: OSError) -> UsageError:
    advice = "name an existing repository, folder or file"
    if os.path.islink(name):
        return UsageError(f"{name}: a link that leads nowhere", advice=advice)
    if isinstance(error, PermissionError):
        return UsageError(f"{name}: permission denied", advice="run as a user who may read it")
    missing = isinstance(error, FileNotFoundError)
    return UsageError(f"{name[:200]}: {'no such path' if missing else error.strerror}", advice=advice)


def _repository_at(path: Path) -> Git | None:
    """The repository whose top is `path`; None where there is none. A `.git` that git cannot open is an error."""
    bare = all((path / part).exists() for part in ("HEAD", "objects", "refs"))
    if not bare and not (path / ".git").exists():
        return None
    try:
        git = Git(path)
    except NotARepository:
        if bare and not (path / ".git").exists():
            return None
        raise
    top = (git.work_tree or git.git_dir).resolve()
    if top == path.resolve() or git.git_dir.resolve() == path.resolve():
        return git
    if (path / ".git").exists():
        # git has passed over it and found a repository further up.
        raise CorruptRepository(
            f"{path}: its .git is none that git can open", advice="mend or remove .git, or clone anew"
        )
    return None


def nested(target: Target) -> Iterator[Target | Gap]:
    """Repositories inside a target: submodules that are checked out (a Gap for others), repositories in a folder."""
    if target.git is not None and target.git.work_tree is not None:
        tree = target.git.work_tree
        try:
            links = [path for mode, _, path in index_entries(target.git) if mode == "160000"]
            untracked = [path[:-1] for path in _others(target.git) if path.endswith("/")]
        except GitError as error:
            yield _no_index(target.git, error)
            return
        homes = _submodule_homes(tree) if links else {}
        for path in dict.fromkeys(links + untracked):
            if os.path.lexists(tree / path / ".git"):
                yield _nested_at(f"{target.name}/{path}", tree / path)
            elif path in links:
                advice = "check it out (`git submodule update --init`) or scan its own repository"
                home = f", of {homes[path]}" if path in homes else ""
                yield Gap(
                    where=f"{target.name}/{path}", why=f"a submodule that is not checked out{home}", advice=advice
                )
    elif target.root is not None and not target.files:
        for folder, names, files in os.walk(target.root):
            relative = os.path.relpath(folder, target.root)
            if relative != "." and ".git" in names + files:
                names.clear()
                yield _nested_at(os.path.join(target.name, relative), Path(folder))


def _submodule_homes(tree: Path) -> dict[str, str]:
    """Path to the URL it comes from, without credentials; nothing where `.gitmodules` is absent or does not parse."""
    from scanner import gitconfig

    content = read_file(FileItem(str(tree), ".gitmodules", "file", "worktree", ""), gitconfig.LIMIT)
    try:
        urls = gitconfig.submodules(content) if isinstance(content, bytes) else {}
    except gitconfig.Unreadable:
        return {}
    return {path: gitconfig.shown(url) for path, url in urls.items()}


def _nested_at(name: str, path: Path) -> Target | Gap:
    try:
        git = _repository_at(path)
    except (GitError, UsageError) as error:
        return Gap(where=name, why=str(error), advice=error.advice)
    if git is None:
        return Gap(where=name, why="its .git is a link that leads nowhere", advice="mend or remove .git")
    return Target(name, git=git, inner=True)


def _no_index(git: Git, error: GitError) -> Gap:
    return Gap(where=f"{git.path}: index and work tree", why=str(error), advice=error.advice)


def object_tasks(git: Git, target: int, since: str | None, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over every object but trees, in pack order, of about SHARE bytes each.

    With `since`, only what refs and the index reach and that revision does not, then tasks marked `held`: a file that
    changed since may hold an old value. Raises UnknownRevision for one that does not exist.
    """
    reader = CatFileReader(git)
    if since is None:
        yield from _batches(reader.list_objects(), target, gaps)
        return
    commit = git.run("rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}").decode().strip()
    yield from _batches(reader.info(newer_objects(git, commit)), target, gaps)
    held = reader.info(held_objects(git, commit))
    yield from (task._replace(held=True) for task in _batches(held, target, gaps))


def staged_tasks(git: Git, target: int, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over the blobs that a commit made now would add."""
    staged = sorted({change.oid for change in staged_changes(git)})
    yield from _batches(CatFileReader(git).info(staged) if staged else iter(()), target, gaps)


def _batches(listed: Iterable[ObjectInfo | Gap], target: int, gaps: list[Gap]) -> Iterator[Task]:
    batch: list[ObjectInfo] = []
    size = 0
    for info in listed:
        if isinstance(info, Gap):
            gaps.append(info)
        elif info.type != "tree":
            batch.append(info)
            size += info.size
            if size >= SHARE or len(batch) >= _SHARE_OBJECTS:
                yield Task(target, objects=tuple(batch))
                batch, size = [], 0
    if batch:
        yield Task(target, objects=tuple(batch))


def newer_objects(git: Git, commit: str) -> Iterator[str]:
    """Ids of objects that refs reach and `commit` does not, and of blobs staged."""
    walk = ("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--all", "--not", commit)
    found = {line.decode() for line in git.stream(*walk)}
    if not git.bare:
        found |= {change.oid for change in staged_changes(git)}
    yield from sorted(found)


def held_objects(git: Git, commit: str) -> Iterator[str]:
    """Ids of the objects in the trees of `commit` and of those of its ancestors from which newer history starts."""
    walk = ("rev-list", "--boundary", "--missing=allow-any", "--all", "--not", commit)
    edges = {line[1:] for line in git.stream(*walk) if line.startswith(b"-")} | {commit.encode()}
    listing = ("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--no-walk", "--stdin")
    yield from git.run(*listing, input=b"\n".join(sorted(edges)) + b"\n").decode().split()


def file_tasks(target: Target, number: int, *, history: bool, known: bool, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over the files of a target.

    With `history` reflog messages belong to it; when all blobs are scanned too (`known`), files that equal theirs are
    left to them.
    """
    items = _repository_items(target.git, history, known, gaps) if target.git else _folder_items(target, gaps)
    batch: list[FileItem] = []
    for item in items:
        batch.append(item)
        if len(batch) >= _SHARE_FILES:
            yield Task(number, files=tuple(batch))
            batch = []
    if batch:
        yield Task(number, files=tuple(batch))


def index_entries(git: Git) -> Iterator[tuple[str, str, str]]:
    """(mode, object id, path) of every entry of the index, conflicts included."""
    for record in git.stream("ls-files", "--stage", "-z", separator=b"\0"):
        fields, _, path = record.partition(b"\t")
        mode, oid, _ = fields.decode().split(" ")
        yield mode, oid, os.fsdecode(path)


def staged_changes(git: Git) -> Iterator[StagedChange]:
    """Files that a commit made now would add or change. No filter, textconv or external diff runs."""
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD^{tree}", check=False).decode().strip()
    base = head or git.run("hash-object", "-t", "tree", "--stdin", input=b"").decode().strip()
    options = ("--cached", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules=all")
    records = git.stream("diff-index", *options, base, separator=b"\0")
    for header in records:
        _, mode, _, oid, status = header.decode().split(" ")
        path = os.fsdecode(next(records))
        if status != "D" and mode in (":100644", "100644", "100755"):
            yield StagedChange(path, oid)


def _others(git: Git, *options: str, gaps: list[Gap] | None = None) -> Iterator[str]:
    """Untracked paths, a folder for a repository within. Folders that git could not open are added to `gaps`."""
    listing = ("ls-files", "--others", "--exclude-standard", *options, "-z")

    def told(line: str) -> None:
        if gaps is not None and "could not open directory" in line:
            gaps.append(Gap(where=f"{git.path}: work tree", why=line, advice="run as a user who may read it"))

    yield from (os.fsdecode(path) for path in git.stream(*listing, separator=b"\0", told=told))


def _repository_items(git: Git, history: bool, known: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    yield from _config_items(git, history, gaps)
    try:
        yield from _work_tree_items(git, known, gaps)
    except GitError as error:
        gaps.append(_no_index(git, error))


def _work_tree_items(git: Git, known: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    if git.work_tree is not None:
        root = str(git.work_tree)
        for mode, oid, path in index_entries(git):
            if mode in ("100644", "100755"):
                yield FileItem(root, path, "file", "worktree", oid if known else "")
        for path in _others(git, gaps=gaps):
            if not path.endswith("/"):
                yield FileItem(root, path, "file", "worktree", "")
        for path in _others(git, "--ignored"):
            if not path.endswith("/") and tells(path):
                yield FileItem(root, path, "file", "worktree", "")


def tells(path: str) -> bool:
    """Whether an ignored file's name is one where secrets usually lie."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in IGNORED_BUT_TELLING)


def _config_items(git: Git, history: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    """Git's own files that carry URLs and headers with credentials; hooks but the samples; with history reflogs."""
    top = git.work_tree or git.common_dir
    folders = dict.fromkeys((git.common_dir, git.git_dir))
    for folder in folders:
        found: set[Path] = set()
        for name in ("hooks", "logs", "modules"):
            if os.path.isdir(folder / name) and not os.access(folder / name, os.R_OK | os.X_OK):
                gaps.append(
                    Gap(where=str(folder / name), why="permission denied", advice="run as a user who may read it")
                )
        patterns = ("config", "config.worktree", "FETCH_HEAD", "hooks/*", "modules/**/config")
        for pattern in (*patterns, "logs/**/*") if history else patterns:
            found.update(folder.glob(pattern))
        for path in sorted(found):
            if path.suffix != ".sample" and os.path.isfile(path) and not os.path.islink(path):
                yield FileItem(str(top), Path(os.path.relpath(path, top)).as_posix(), "config", "config", "")


def _folder_items(target: Target, gaps: list[Gap]) -> Iterator[FileItem]:
    assert target.root is not None
    root = str(target.root)
    for name in target.files:
        yield FileItem(root, name, "file", "worktree", "")
    if target.files:
        return

    def failed(error: OSError) -> None:
        gaps.append(
            Gap(where=str(error.filename), why=f"cannot be opened: {error.strerror}", advice="check permissions")
        )

    for folder, folders, names in os.walk(root, onerror=failed):
        if folder != root and ".git" in folders + names:
            folders.clear()
            continue
        folders.sort()
        for name in sorted(names):
            yield FileItem(
                root, Path(os.path.relpath(os.path.join(folder, name), root)).as_posix(), "file", "worktree", ""
            )


def _identity(target: Target) -> tuple[Path, ...]:
    """Equal for two names of the same repository and work tree, folder, or file."""
    if target.git is not None:
        return target.git.git_dir.resolve(), (target.git.work_tree or target.git.git_dir).resolve()
    return (target.root.resolve(), *map(Path, target.files)) if target.root else (Path(target.name),)


def expand(targets: Iterable[Target], gaps: list[Gap], *, worktree: bool = True) -> list[Target]:
    """The targets and the repositories nested in them, each once; those that cannot be opened are gaps.

    Of several names for one thing the first stands: a link may lead to where it lies, a submodule to its own parent.
    """
    waiting = list(targets)
    done: list[Target] = []
    seen: set[tuple[Path, ...]] = set()
    while waiting:
        target = waiting.pop(0)
        if (identity := _identity(target)) in seen:
            continue
        seen.add(identity)
        done.append(target)
        if worktree or target.git is None:
            for inner in nested(target):
                if isinstance(inner, Gap):
                    gaps.append(inner)
                else:
                    waiting.append(inner)
    return done
