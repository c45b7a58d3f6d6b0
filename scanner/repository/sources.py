"""What is scanned: a repository, a plain folder, a file, standard input; and the repositories that lie within."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from offkey.errors import UsageError
from offkey.found import Gap
from scanner.repository.files import FileItem, read_file
from scanner.repository.git import Git, led_to, looks_bare
from scanner.repository.giterrors import CorruptRepository, GitError, NotARepository
from scanner.repository.worktree import index_entries, look_anew, no_index, others, refuse_pipes


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
    bare = looks_bare(path)
    if not bare and not (path / ".git").exists():
        return None
    refuse_pipes(path if bare else led_to(path / ".git") or path / ".git")
    try:
        git = Git(path)
    except NotARepository:
        if bare and not (path / ".git").exists():
            return None
        raise
    if git.common_dir != path:
        refuse_pipes(git.common_dir)
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
    """Repositories inside a target: submodules, also in `.git/modules` alone (a Gap for those not here at all), others.

    Those in ignored folders count, too.
    """
    if target.git is not None:
        checked_out: set[Path] = set()
        if target.git.work_tree is not None:
            for inner in _in_work_tree(target, target.git, target.git.work_tree):
                if isinstance(inner, Target) and inner.git is not None:
                    checked_out.add(inner.git.git_dir.resolve())
                yield inner
        top = target.git.work_tree or target.git.git_dir
        for module in _modules(target.git):
            if module.resolve() not in checked_out:
                within = module.is_relative_to(top)  # not so for a submodule of a submodule
                yield _nested_at(f"{target.name}/{module.relative_to(top)}" if within else str(module), module)
    elif target.root is not None and not target.files:
        for folder, names, files in os.walk(target.root):
            relative = os.path.relpath(folder, target.root)
            if relative != "." and ".git" in names + files:
                names.clear()
                yield _nested_at(os.path.join(target.name, relative), Path(folder))


def _in_work_tree(target: Target, git: Git, tree: Path) -> Iterator[Target | Gap]:
    look_anew(git)
    try:
        links = [path for mode, _, path in index_entries(git) if mode == "160000"]
        folders = [path[:-1] for way in ((), ("--ignored",)) for path in others(git, *way) if path.endswith("/")]
    except GitError as error:
        yield no_index(git, error)
        return
    homes = _submodule_homes(tree) if links else {}
    for path in dict.fromkeys(links + folders):
        if os.path.lexists(tree / path / ".git"):
            yield _nested_at(f"{target.name}/{path}", tree / path)
        elif path in links and not looks_bare(git.common_dir / "modules" / path):
            advice = "check it out (`git submodule update --init`) or scan its own repository"
            home = f", of {homes[path]}" if path in homes else ""
            yield Gap(where=f"{target.name}/{path}", why=f"a submodule that is not checked out{home}", advice=advice)


def _modules(git: Git) -> Iterator[Path]:
    """Where git keeps the repositories of submodules, checked out or not; the names of submodules may have slashes."""
    if git.git_dir != git.common_dir:
        return  # a linked worktree: they belong to the main one
    for folder, names, _ in os.walk(git.git_dir / "modules"):
        names.sort()
        if looks_bare(Path(folder)):
            names.clear()
            yield Path(folder)


def _submodule_homes(tree: Path) -> dict[str, str]:
    """Path to the URL it comes from, without credentials; nothing where `.gitmodules` is absent or does not parse."""
    from scanner.repository import gitconfig

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
