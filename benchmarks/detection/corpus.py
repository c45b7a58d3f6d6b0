"""The corpus: credentials in the files people put them in, and what looks like credentials and is none.

Everything follows from the seed. Which half a text belongs to, `tune` or `report`, depends on its provider (positives)
or its template (the others) alone, whatever the seed; and some forms of files occur in `report` only.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

from benchmarks.detection import near, values, words
from benchmarks.detection.forms import Filled, Form, filled, forms
from benchmarks.detection.providers import Provider, digest, providers, split_of

FAMILIES = ("settings", "code", "deployment", "text", "more")
HOLD_URLS = ("env", "shell", "yaml", "json", "js", "python", "compose")
EACH_PROVIDER, EACH_SPECIAL = 7, 8
EACH_TEMPLATE = {"plain": 6, "published": 6, "beside-plain": 10, "beside-near": 10}
EACH_LATER = 6
LATER = "later"
"""The split of what was written when rules and judgement stood, by somebody who had seen neither."""


@dataclass(frozen=True)
class Text:
    """A file with a credential, or (`label` plain or near) with what is none.

    `source` is the provider or the template's family, `form` the form of the file, `kind` the kind of credential;
    `published` says whether its provider publishes the format. `lines` are those of the credential, from 1.
    """

    number: int
    split: str
    label: str
    group: str
    source: str
    form: str
    kind: str
    published: bool
    path: str
    text: str
    secrets: tuple[str, ...]
    lines: frozenset[int]


def corpus(seed: int = 7) -> list[Text]:
    """All texts, numbered in order."""
    made: list[Text] = []
    for part in (_of_providers, _special, _plain, _published, _beside, _near, _later):
        made += part(seed, len(made))
    return made


@cache
def report_only(form: str) -> bool:
    """Whether a form of file is kept out of what is tuned on: one in five."""
    return digest(f"form {form}") % 5 == 0


@cache
def all_forms() -> tuple[Form, ...]:
    return tuple(form for family in FAMILIES for form in forms(family))


def usable(provider: Provider, kind: str, split: str) -> tuple[Form, ...]:
    """The forms in which a credential of a provider would stand: a query, a header, beside an id."""
    how = provider.auth.partition(":")[0].replace("bearer", "header")
    return _usable(how, bool(provider.ids), kind.endswith("_url") or kind == "url", split)


@cache
def _usable(how: str, with_id: bool, url: bool, split: str) -> tuple[Form, ...]:
    return tuple(
        form
        for form in all_forms()
        if all(with_id if need == "id" else need == f"auth={how}" for need in form.needs)
        and not (url and (form.needs or form.name.split("-")[0] not in HOLD_URLS))
        and not (split == "tune" and report_only(form.name))
    )


def _of_providers(seed: int, start: int) -> Iterator[Text]:
    for provider in providers():
        for text in of_provider(provider, seed, start):
            yield text
            start += 1


def of_provider(provider: Provider, seed: int, start: int) -> Iterator[Text]:
    """The texts with credentials of one provider, each of its kinds in turn."""
    rng = random.Random(f"{seed} {provider.name}")
    split = split_of(provider.name)
    for turn, form in enumerate(_chosen(provider, split, rng)):
        kind = provider.kinds[turn % len(provider.kinds)]
        if form not in usable(provider, kind.name, split):
            kind = provider.kinds[0]
        said = words.of(provider, kind.name, rng)
        file = filled(form, said, rng, values.made(kind.shape, rng))
        what = ("credential", "provider", provider.name, form.name)
        yield _text(start + turn, file, split, what, kind.name, kind.published)


def _chosen(provider: Provider, split: str, rng: random.Random) -> list[Form]:
    """So many forms, no two of one name; which are common in the world is not known, so all are as likely.

    But few providers have an identifier beside the credential or take it for a user's name, so the forms of those are
    given to each of them.
    """
    by_name: dict[str, list[Form]] = {}
    for form in usable(provider, provider.kinds[0].name, split):
        by_name.setdefault(form.name, []).append(form)
    names = rng.sample(sorted(by_name), min(len(by_name), max(EACH_PROVIDER, 2 * len(provider.kinds))))
    rare = [name for name, these in by_name.items() if {"id", "auth=basic"} & set(these[0].needs)]
    own = rng.sample(rare, min(2, len(rare)))
    return [rng.choice(by_name[name]) for name in [*own, *(name for name in names if name not in own)][: len(names)]]


def _special(seed: int, start: int) -> Iterator[Text]:
    """Passwords, connection strings, keys and the files made for credentials."""
    for at, form in enumerate(forms("special")):
        group = form.name.partition("/")[0]
        for turn in range(EACH_SPECIAL):
            rng = random.Random(f"{seed} special {at} {turn}")
            file = filled(form, words.Words(words.around(rng), rng), rng)
            yield _text(
                start, file, split_of(f"{form.name} {at}"), ("credential", group, group, form.name), group, True
            )
            start += 1


def _plain(seed: int, start: int) -> Iterator[Text]:
    return _templates(seed, start, "plain", "plain")


def _published(seed: int, start: int) -> Iterator[Text]:
    return _templates(seed, start, "published", "near")


def _beside(seed: int, start: int) -> Iterator[Text]:
    """Digests, references and public identifiers beside the name of a provider."""
    plain = list(_templates(seed, start, "beside-plain", "plain"))
    return chain(plain, _templates(seed, start + len(plain), "beside-near", "near"))


def _templates(seed: int, start: int, name: str, label: str) -> Iterator[Text]:
    """Whole files without a credential; `plain` ones do not even look like it."""
    for at, form in enumerate(forms(name)):
        for turn in range(EACH_TEMPLATE.get(name, EACH_LATER)):
            rng = random.Random(f"{seed} {name} {at} {turn}")
            provider = rng.choice(providers())
            kind = rng.choice([kind.name for kind in provider.kinds if not kind.name.endswith("url")])
            beside = name.startswith(("beside", "unseen"))
            said = words.of(provider, kind, rng) if beside else words.Words(words.around(rng), rng)
            file = filled(form, said, rng)
            split = LATER if name.startswith("unseen") else split_of(f"template {form.name}")
            yield _text(start, file, split, (label, form.name, form.name, form.name), "", True)
            start += 1


def _later(seed: int, start: int) -> Iterator[Text]:
    plain = list(_templates(seed, start, "unseen-plain", "plain"))
    return chain(plain, _templates(seed, start + len(plain), "unseen-near", "near"))


def _near(seed: int, start: int) -> Iterator[Text]:
    """What is no credential where one would stand, in the forms of the credentials."""
    for at, case in enumerate(near.cases(providers())):
        rng = random.Random(f"{seed} near {at}")
        split = split_of(f"near {case.family}")
        said = words.of(case.provider, case.kind, rng)
        value = near.value(case, said, rng)
        form = rng.choice([one for one in usable(case.provider, case.kind, split) if one.name != "k8s-data"])
        file = filled(form, said, rng, value)
        group = case.family.partition(":")[0]
        yield _text(start, file, split, ("near", group, case.family, form.name), case.kind, True)
        start += 1


def _text(number: int, file: Filled, split: str, what: tuple[str, str, str, str], kind: str, published: bool) -> Text:
    label, group, source, form = what
    secrets, lines = (file.secrets, file.lines) if label == "credential" else ((), frozenset())
    return Text(number, split, label, group, source, form, kind, published, file.path, file.text, secrets, lines)


def counted(texts: Iterable[Text]) -> dict[str, int]:
    """How many texts of each label."""
    found: dict[str, int] = {}
    for text in texts:
        found[text.label] = found.get(text.label, 0) + 1
    return found


def fingerprint(texts: Iterable[Text]) -> str:
    """Twelve digits that tell this corpus from another: only scores of the same one can be compared."""
    told = hashlib.sha256()
    for text in texts:
        told.update(f"{text.number}\0{text.split}\0{text.path}\0{text.text}\0".encode())
    return told.hexdigest()[:12]
