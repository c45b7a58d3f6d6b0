"""How to scan."""

from dataclasses import dataclass, field
from pathlib import Path

from scanner.matching.matcher import default_cache
from scanner.repository.objects import SIZE_LIMIT
from scanner.workers.pool import default_start_method


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to scan. `history` is all or none, `since` a revision whose values are left out.

    `staged` adds the blobs that a commit made now would add: with no history and no work tree they are all there is.
    `excuse`: a line with an allowlist pragma is left out.
    """

    jobs: int = 1
    worktree: bool = True
    history: str = "all"
    since: str | None = None
    staged: bool = False
    excuse: bool = True
    exhaustive: bool = False
    whole: bool = False
    compiled: bool = True
    matcher: str = "auto"
    start_method: str | None = None
    limit: int = SIZE_LIMIT
    cache: Path | None = field(default_factory=default_cache)

    @property
    def in_one_go(self) -> bool:
        """Whether a worker may do all that a small target needs: a forked one knows what has been learned so far."""
        return not self.staged and (self.jobs <= 1 or (self.start_method or default_start_method()) == "fork")

    @property
    def by_packs(self) -> bool:
        """Packs are read directly, and of each delta only what it changes is searched."""
        return not self.exhaustive and not self.whole and self.since is None
