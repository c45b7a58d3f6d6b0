"""Which listed key a leaked value is, where the value itself names no holder (ADR 19).

Asked at planning, of the value's own provider, with the administrator's read credential. A finding and the key that it
is become one access point, as the list has it: whose it is and whether it is shared, the list says and never the value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.model import AccessPoint, Check, Credential, Finding, Gap, Liveness
from offkey.secret import Secret
from revokers.protocol import Identifies, NotIdentified, Revoker


class Issuer(NamedTuple):
    """Who is asked: an instance by its name, its revoker, a reader at its address, and the administrator's settings."""

    name: str
    revoker: Revoker
    http: Reader
    settings: Any


@dataclass(frozen=True)
class Identified:
    """By fingerprint: the listed key that a value is, and what the plan says about it.

    `values` are those in which the key's id does not stand, for comparison.
    """

    points: dict[str, AccessPoint] = field(default_factory=dict)
    values: dict[str, Secret] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def look(self, issuer: Issuer, fingerprint: str, credential: Credential, check: Check) -> Gap | None:
        """Ask which listed key the value is. A Gap where the list could not be read: then it is none."""
        revoker = issuer.revoker
        if not isinstance(revoker, Identifies) or credential.kind not in revoker.IDENTIFIES:
            return None
        if check.liveness is Liveness.DEAD:
            return None
        unknown = f"which of the keys that {issuer.name} lists it is, is not known"
        if issuer.settings.read is None:
            self.notes[fingerprint] = f"{unknown}: no read credential is configured"
            return None
        try:
            point = revoker.identify(issuer.http, issuer.settings, credential)
        except OffkeyError as error:
            self.notes[fingerprint] = f"{unknown}: {error}"
            why = f"which listed key a leaked value is could not be looked up: {error}"
            unread = not isinstance(error, NotIdentified)
            return Gap(where=issuer.name, why=why, advice=error.advice) if unread else None
        self.points[fingerprint] = point
        if point.provider_id.encode() not in credential.secret.reveal():
            self.values[fingerprint] = credential.secret
        self.notes[fingerprint] = f"it is {point.id}, as {issuer.name} lists it: {revoker.IDENTIFIES[point.kind]}"
        return None

    def settle(self) -> None:
        """Two values cannot be one key: where two were taken for it, neither is, but where its id stands in both."""
        for point in {point.id: point for point in self.points.values()}.values():
            same = [fingerprint for fingerprint in self.values if self.points[fingerprint].id == point.id]
            if any(self.values[fingerprint] != self.values[same[0]] for fingerprint in same):
                for fingerprint in same:
                    del self.points[fingerprint], self.values[fingerprint]
                    self.notes[fingerprint] = f"several found values look like {point.id}, so none is taken for it"

    def ids(self) -> dict[str, str]:
        """By fingerprint: the provider's id of the listed key."""
        return {fingerprint: point.provider_id for fingerprint, point in self.points.items()}

    def told(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, each with what is known of which key it is."""
        return [
            replace(one, evidence=(*one.evidence, note)) if (note := self.notes.get(one.fingerprint)) else one
            for one in findings
        ]
