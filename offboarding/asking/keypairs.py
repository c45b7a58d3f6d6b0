"""Where the private keys that were found are authorised: their public halves, by fingerprint, at every provider.

The public half was derived where the value was at hand (`scanner/claims/keys.py`), and only its fingerprint leaves
memory: providers are asked what they trust, never given the key. What a provider trusts is an access point of its own,
ended there by its own module (ADR 16). That a key pair is authorised nowhere is never claimed.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import revokers
from offboarding.asking import asking, lanes
from offboarding.configuration import instances, providers
from offboarding.ownership.testimony import public_half
from offboarding.planning import gather
from offboarding.planning.setting import Setting
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Check, Finding, Gap, Liveness, Person
from revokers.protocol import Trusts

FAMILY = "private_key"
_ELSEWHERE = "servers' own authorized_keys, and whatever else nobody lists"


@dataclass(frozen=True)
class Looked:
    """What was found, where it was looked at in full, and where not, with why."""

    points: list[AccessPoint] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    not_looked: list[str] = field(default_factory=list)


def look(setting: Setting, findings: Sequence[Finding], gaps: list[Gap]) -> Looked:
    """Ask each provider which of the findings' public keys it trusts. Nobody is asked where there is no such key."""
    keys = frozenset(public_half(finding) for finding in findings) - {""}
    found: dict[str, list[AccessPoint | Gap]] = {name: [] for name in _trusting(setting)} if keys else {}
    telling = threading.Lock()

    def one(name: str) -> None:
        with telling:
            setting.tell(f"looking for SSH keys at {name}", sum(map(bool, found.values())), len(found))
        found[name] += _asked(setting, name, keys)

    lanes.run({name: [name] for name in found}, one)
    looked = Looked()
    for name, items in found.items():
        missing = [item for item in items if isinstance(item, Gap)]
        looked.points.extend(asking.steady(item, setting.now) for item in items if isinstance(item, AccessPoint))
        looked.not_looked.extend(f"{item.where} ({item.why})" for item in missing)
        looked.whole.extend([] if missing else [name])
        # A provider that nobody uses is no gap of the plan; the key's own answer says that it was not asked.
        gaps += [item for item in missing if name in setting.config.providers]
    return looked


def _trusting(setting: Setting) -> Iterator[str]:
    """Each instance of the providers that say which keys they trust; those without one by name, whose gap says so."""
    for name in sorted(one for one, revoker in revokers.REGISTRY.items() if isinstance(revoker, Trusts)):
        yield from setting.config.instances_of(name) or (name,)


def _asked(setting: Setting, name: str, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    revoker = providers.revoker(name)
    settings = setting.config.provider_settings(name, write=False)
    if isinstance(settings, Gap):
        yield settings
        return
    if settings.read is None and revoker.NEEDS:
        advice = f"set `read` under [{instances.table(name)}] in offkey.toml"
        yield Gap(where=name, why="no read credential is configured", advice=advice)
        return
    assert isinstance(revoker, Trusts)
    reader = providers.reader(name, settings)
    try:
        yield from revoker.authorised(reader, settings, keys)
    except OffkeyError as error:
        yield Gap(where=name, why=str(error), advice=error.advice)
    finally:
        reader.close()


def merged(listed: Iterable[AccessPoint], looked: Looked, findings: Iterable[Finding]) -> list[AccessPoint]:
    """What was listed for the person and what was looked up, each once: the list says more, the look-up which key.

    Each that trusts a found key says where that lies.
    """
    points = {point.id: point for point in looked.points}
    for point in listed:
        key = points[point.id].redacted if point.id in points else point.redacted
        points[point.id] = replace(point, redacted=key)
    found = {half: finding for finding in findings if (half := public_half(finding))}
    return [_with_place(point, found.get(point.redacted)) for point in points.values()]


def _with_place(point: AccessPoint, found: Finding | None) -> AccessPoint:
    if found is None:
        return point
    place = min(found.places, key=lambda one: not one.present)
    where = f"{Path(place.repo).name}:{place.path or place.object_type}:{place.line}"
    return replace(point, evidence=(*point.evidence, f"its private key was found: {found.kind} in {where}"))


def checks(
    setting: Setting, person: Person, findings: Iterable[Finding], points: Sequence[AccessPoint], *, looked: Looked
) -> dict[str, Check]:
    """By fingerprint: where each private key is authorised. LIVE where it opens something; never DEAD."""
    return {
        finding.fingerprint: _check(setting, person, public_half(finding), points, looked=looked)
        for finding in findings
        if finding.provider == FAMILY
    }


def _check(setting: Setting, person: Person, key: str, points: Sequence[AccessPoint], *, looked: Looked) -> Check:
    if not key:
        why = "its public half cannot be told from it, so nobody was asked where it is authorised"
        return Check(liveness=Liveness.UNKNOWN, reason=why, at=setting.now)
    trusting = sorted((point for point in points if point.redacted == key), key=lambda point: point.id)
    unseen = f"; not looked at: {'; '.join([*looked.not_looked, _ELSEWHERE])}"
    if not trusting:
        where = f" ({', '.join(looked.whole)})" if looked.whole else ""
        why = f"its public key {key} is authorised nowhere that could be looked at{where}{unseen}"
        return Check(liveness=Liveness.UNKNOWN, reason=why, at=setting.now)
    holders = [point.holder for point in trusting if point.holder]
    # Somebody else's account decides before the person's own: then it is not the person's alone.
    foreign = [holder for holder in holders if not gather.is_theirs(person, holder)]
    return Check(
        liveness=Liveness.LIVE if any(gather.is_alive(point) for point in trusting) else Liveness.UNKNOWN,
        reason=f"its public key {key} is authorised as {', '.join(point.id for point in trusting)}{unseen}",
        at=setting.now,
        holder=next(iter([*foreign, *holders]), None),
    )
