"""What planning needs besides the person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from offboarding.configuration.config import Config
from offboarding.identity.directory import Directory
from offboarding.planning.roles import Role
from offkey.fingerprint import OrgKey
from offkey.model import OptOut
from rules import RuleSet
from scanner.scan import Options

Tell = Callable[[str, int, int], None]
"""Progress: what is being done, how far, of how much (0: unknown)."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What planning needs besides the person. `now` is the run's one moment for everything but providers' answers."""

    config: Config
    directory: Directory
    rules: RuleSet
    key: OrgKey
    state: Path
    run: str
    requester: str
    now: datetime
    options: Options = field(default_factory=Options)
    before_kill: bool = False
    optouts: tuple[OptOut, ...] = ()
    """Those that hold now, anybody's."""
    role: Role | None = None
    """Whom a mover is to become: what the role has stays."""
    tell: Tell = lambda what, done, total: None
