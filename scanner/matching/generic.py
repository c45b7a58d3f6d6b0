"""What is told by names alone gives way to what is known, and counts only in files where it means something.

The rules of `rules/generic.toml` find values by the name that they are given (`rules.assigned`). Of a value that a
provider's own rule knows they say nothing. Which files are a package manager's, API descriptions or no text is said
here and not asked of detect-secrets, which says it, too: importing that takes as long as scanning a small repository.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from offkey.found import Finding
from rules.light import TOLD
from rules.match import Match, resolve

_APART = re.compile(
    r"(?:\A|/)(?:tests?|testing|testdata|test[-_]?(?:data|suite|utils|support|integration|fixtures|resources|helpers)|"
    r"__tests__|__mocks__|mocks?|specs?|fixtures?|testlib|e2e|cypress|examples?|samples?|demos?|benchmarks?|"
    r"i18n|locales?|lang|translations?|node_modules|vendor|third[-_]party|site-packages)/"
    r"|(?:[._-]|\A|/)(?:tests?|spec|mock|fixture)s?\.[A-Za-z]{1,5}\Z|(?:\A|/)test_[^/]*\Z|Tests?\.(?:java|kt|cs|php|swift|scala)\Z"
    r"|\.min\.(?:js|css)\Z|\.(?:map|svg|po|pot|css|lock|sum|snap|ipynb_checkpoints)\Z"
    r"|(?:\A|/)\.(?:secrets\.baseline|offkey\.baseline|offkeyignore)\Z",
)
"""Where made-up values stand by nature: tests, examples, translations, others' files, a machine's, hashes."""
_NO_TEXT = re.compile(
    r"(?:\A|/)(?:package-lock|npm-shrinkwrap|packages\.lock|Brewfile\.lock|deno\.lock)\.json\Z"
    r"|(?:\A|/)(?:pnpm-lock\.yaml|(?:Cartfile|Package)\.resolved)\Z|swagger"
    r"|\.(?:7z|aac|avi|bin|bmp|bz2|class|dll|dmg|dylib|eot|exe|flac|gif|gz|ico|iso|jar|jpe?g|mid|mkv|mov|mp3|mp4|mpe?g|o|ogg|"
    r"otf|pdf|png|pptx?|psd|pyc|rar|so|swf|tar|tgz|tiff?|ttf|war|wasm|wav|webm|webp|wmv|woff2?|xlsx?|xz|zip|zst)\Z"
)
"""Files of package managers, descriptions of an API with their examples, and what is no text."""


def apart_from(specific: Sequence[Match], told: Iterable[Match]) -> list[Match]:
    """Of the matches told by names one for each value, without those that touch a specific rule's match."""
    taken: list[list[int]] = []
    for start, end in sorted(span[1:] for match in specific for span in match.spans):
        if taken and start <= taken[-1][1]:
            taken[-1][1] = max(taken[-1][1], end)
        else:
            taken.append([start, end])
    return resolve(match for match in told if not _touches(match, taken))


def _touches(match: Match, taken: Sequence[Sequence[int]]) -> bool:
    """Whether a match overlaps one of the spans, which are sorted and apart from each other."""
    at = bisect_left(taken, match.end, key=lambda span: span[0])
    return at > 0 and taken[at - 1][1] > match.start


def without_noise(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings; those told by names without their places in files where made-up values stand by nature."""
    told = (
        replace(finding, places=tuple(place for place in finding.places if not made_up(place.path)))
        if finding.kind.startswith(TOLD)
        else finding
        for finding in findings
    )
    return tuple(finding for finding in told if finding.places)


def made_up(path: str) -> bool:
    """Whether values that names alone tell are made up in a file, by where it lies."""
    return _APART.search(path) is not None or _NO_TEXT.search(path) is not None
