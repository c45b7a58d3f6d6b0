"""What a rule file says: a kind of credential, its provider, and all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.found import Confidence, Ownership


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A further part of a credential, searched at most `within_lines` lines from the anchor."""

    name: str
    pattern: bytes
    within_lines: int
    required: bool
    entropy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of credential. `anchor` is the named group of `pattern` that holds the value: "secret" or "id".

    `entropy` is in bits per byte (0: unchecked), `keywords`, `near` and `reject` are lower case. `lone_confidence` is
    that of an anchor none of whose parts were found. Examples are templates (`rules.examples`). `context` is () but for
    values that a name announces: two patterns, a mode and words (`rules.contextual`, `rules.assigned`). `over` are
    the kinds before which this one goes where both take a value and nothing else decides.
    """

    kind: str
    name: str
    provider: str
    pattern: bytes
    keywords: tuple[bytes, ...]
    confidence: Confidence
    ownership: Ownership
    entropy: float
    checksum: str
    near: tuple[bytes, ...]
    near_lines: int
    reject: tuple[bytes, ...]
    parts: tuple[Part, ...]
    lone_confidence: Confidence
    references: tuple[str, ...]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    anchor: str
    context: tuple[bytes, bytes, str, tuple[bytes, ...], tuple[bytes, ...]] | tuple[()] = ()
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Where a person revokes by hand (`console`), and what to ask for where no revoker exists (`handover`)."""

    name: str
    console: str
    handover: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules sorted by kind. `digest` covers what they match and mean, not their examples or references.

    `unread` says what of other scanners' rule files is not carried over, a line a file. `prefixes` are the beginnings
    of tokens that rules with a pattern of their own know (`rules.prefixes`).
    """

    rules: tuple[Rule, ...]
    providers: Mapping[str, Provider]
    digest: str
    unread: tuple[str, ...] = ()
    prefixes: tuple[bytes, ...] = ()
