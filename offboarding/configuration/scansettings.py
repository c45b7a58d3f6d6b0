"""What `offkey scan` needs of the configuration and the directory, kept from the last time that they were checked.

The libraries that check them take as long to import as a whole second scan. So what they made of a file is cached
under the file's content, and only a file that was not yet checked is. Nothing secret is cached: a configuration holds
references to credentials, which are resolved anew each time.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from offboarding.state import CONFIGURATION, state_folder
from offkey import __version__
from offkey.fingerprint import OrgKey
from scanner.matching import cachefile


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`key` is a reference, `state` and `people` are paths, or each is empty. `owners` maps an address, in its normal
    form, to the id of the person to whom the directory gives it.
    """

    key: str = ""
    state: str = ""
    people: str = ""
    owners: Mapping[str, str] = field(default_factory=dict)

    def org_key(self) -> OrgKey | None:
        """The organisation key, or None when none is configured. Raises ReferenceBroken, KeyUnusable."""
        if not self.key:
            return None
        from offboarding.configuration.references import organisation_key

        return organisation_key(self.key)

    def state_dir(self, override: Path | None) -> Path:
        """The state folder, as `Config.state_dir` chooses it."""
        return state_folder(override, Path(self.state) if self.state else None)


def load(path: Path | None, cache: str | None) -> ScanSettings:
    """The settings in `path`, or in `offkey.toml` here if there is one, or the defaults; `cache` is a folder or None.

    Raises what `config.load` and `directory.load` raise.
    """
    if path is None and not CONFIGURATION.is_file():
        return ScanSettings()
    file = path or CONFIGURATION
    try:
        content = file.read_bytes()
    except OSError:
        return _checked(path)[0]  # which says what is wrong
    stamp = _stamp(__version__, os.path.expanduser("~"), str(file.absolute().parent), content)
    place = os.path.join(cache, f"settings-{_stamp(str(file.absolute()))[:16]}.json") if cache else ""
    kept = _read(place, stamp) if place else None
    if kept is None:
        kept, people = _checked(path)
        if place and file.read_bytes() == content:  # else it was changed while we looked
            _keep(place, [stamp, people], kept)
    return kept


def _checked(path: Path | None) -> tuple[ScanSettings, str]:
    """The settings from the files themselves, and what the directory's file was just before it was read."""
    from offboarding.configuration import config
    from offboarding.identity import directory

    settings = config.load(path)
    people = settings.directory.people
    state = settings.organisation.state
    read = ScanSettings(settings.organisation.key, str(state or ""), str(people or ""))
    stamp = _people_stamp(read)
    return replace(read, owners=directory.load(people).owners), stamp


def _read(place: str, stamp: str) -> ScanSettings | None:
    try:
        told = json.loads(cachefile.read(place))
        kept = ScanSettings(**told["settings"])
        return kept if told["stamp"] == [stamp, _people_stamp(kept)] else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _keep(place: str, stamp: list[str], settings: ScanSettings) -> None:
    with suppress(OSError):  # it is checked anew next time
        cachefile.write(place, json.dumps({"stamp": stamp, "settings": asdict(settings)}).encode())


def _people_stamp(settings: ScanSettings) -> str:
    try:
        return _stamp(Path(settings.people).read_bytes()) if settings.people else ""
    except OSError:
        return "unreadable"  # `directory.load` says so


def _stamp(*parts: str | bytes) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
