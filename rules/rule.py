"""What a rule file says: a kind of credential, its provider, and all of them together."""

from collections.abc import Iterable, Mapping
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


def orders(rules: Iterable[Rule]) -> dict[str, int]:
    """A number for each kind, lower than those of the kinds before which it goes; 0 where it goes before none.

    Kinds that are not among the rules count for nothing. Raises ValueError where rules go before each other in a
    circle.
    """
    over = {rule.kind: rule.over for rule in rules}
    found: dict[str, int] = {}

    def order(kind: str, above: tuple[str, ...]) -> int:
        if kind in above:
            raise ValueError(" over ".join((*above[above.index(kind) :], kind)))
        if kind not in found:
            found[kind] = min((order(one, (*above, kind)) - 1 for one in over[kind] if one in over), default=0)
        return found[kind]

    for kind in over:
        order(kind, ())
    return found
