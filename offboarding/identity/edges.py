"""The edge between a person and an identity: where the evidence comes from, how strong it is, and the sentence.

Sources are ranked. What a committer cannot write (PROVEN) may tie a provider's account or verified
address to the person; everything else says who committed, and no more.
"""

from dataclasses import dataclass

STRENGTHS = ("certain", "probable", "excluded")
"""When sightings of one identity disagree (one repository has a `.mailmap`, the other none), the first holds."""

OVERRIDE, REQUEST, DIRECTORY, ACCOUNT_ID = "override", "request", "directory", "account-id"
SIGNATURE, CORROBORATED, CLAIM = "signature", "corroborated", "claim"
SOURCES = (OVERRIDE, REQUEST, DIRECTORY, ACCOUNT_ID, SIGNATURE, CORROBORATED, CLAIM)
"""Best first: somebody's recorded yes or no, the request, the organisation's directory, an account id of it inside a
no-reply address, a verified signature, several claims that bear each other out, a single claim of a committer's."""

PROVEN = frozenset({OVERRIDE, REQUEST, DIRECTORY, ACCOUNT_ID})
"""Bases of an identity that no committer can write: only these tie accounts and providers' answers to a person."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One of SOURCES, one of STRENGTHS, and the sentence that says why."""

    source: str
    strength: str
    sentence: str
