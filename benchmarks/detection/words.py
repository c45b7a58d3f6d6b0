"""The words that fill a form: names as a provider's users write them, and the neighbourhood of a credential."""

import random
import re
from collections.abc import Iterator, Mapping

from benchmarks.detection import values
from benchmarks.detection.providers import Provider, digest
from benchmarks.detection.wordlists import LISTS

_BEFORE = ("", "", "", "", "", "PROD_", "APP_", "MY_", "NEXT_", "REACT_APP_", "VITE_", "SERVER_")
_AFTER = ("", "", "", "", "", "", "_PROD", "_LIVE", "_2", "_DEV")
_SCHEMES = ("", "Token ", "Key ", "Bearer ")


class Words(Mapping[str, str]):
    """Words by name; those of `again` are drawn anew at each use, the others once for a text."""

    def __init__(self, fixed: Mapping[str, str], rng: random.Random) -> None:
        self._fixed, self._rng = fixed, rng

    def __getitem__(self, name: str) -> str:
        if name in self._fixed:
            return self._fixed[name]
        return _again(name, self._rng)

    def __contains__(self, name: object) -> bool:
        return name in self._fixed or name in AGAIN

    def __iter__(self) -> Iterator[str]:
        return iter((*self._fixed, *AGAIN))

    def __len__(self) -> int:
        return len(self._fixed) + len(AGAIN)


AGAIN = ("word", "path_word", "small", "num", "person")


def _again(name: str, rng: random.Random) -> str:
    if name == "small":
        return str(rng.randint(2, 9))
    if name == "num":
        return str(rng.randint(1000, 99999))
    return rng.choice(LISTS[{"word": "words", "path_word": "nouns", "person": "people"}[name]])


def camel(words: list[str]) -> str:
    return words[0] + "".join(word.capitalize() for word in words[1:])


def around(rng: random.Random) -> dict[str, str]:
    """What a file is about, whoever the provider is."""
    app = rng.choice(LISTS["apps"])
    return {
        "app": app, "App": "".join(part.capitalize() for part in app.split("-")),
        "verb": rng.choice(LISTS["verbs"]), "user": rng.choice(LISTS["people"]), "stage": rng.choice(LISTS["stages"]),
        "port": str(rng.choice((3000, 5000, 8000, 8080, 9000))), "region": rng.choice(LISTS["regions"]),
        "domain": f"{app}.acme.io", "mail": f"{rng.choice(LISTS['people'])}@acme.io",
        "date": f"202{rng.randint(1, 5)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "time": f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}",
        "path": f"v{rng.randint(1, 3)}/{rng.choice(LISTS['nouns'])}",
    }  # fmt: skip


def of(provider: Provider, kind: str, rng: random.Random) -> Words:
    """The words for one credential of a provider; `kind` is in snake case (`api_key`)."""
    base, parts = provider.words, kind.split("_")
    own = _names_provider(provider, kind)
    named = parts if own else [*base, *parts]
    env = kind.upper() if own else f"{provider.prefix}_{kind.upper()}"
    fixed = around(rng) | {
        "ENV": rng.choice(_BEFORE) + env + rng.choice(_AFTER),
        "env": "_".join(named), "camel": camel(named), "Pascal": "".join(map(str.capitalize, named)),
        "kebab": "-".join(named), "dotted": f"{'-'.join(base)}.{rng.choice(('-', '_', '.')).join(parts)}",
        "name": "".join(base), "Name": "".join(map(str.capitalize, base)), "NAME": provider.prefix,
        "Display": provider.display, "host": values.made(provider.host, rng),
        "kind": kind, "KIND": kind.upper(), "Kind": "".join(map(str.capitalize, parts)), "kindc": camel(parts),
        "kind-": "-".join(parts), "words": re.sub(r"\bapi\b", "API", " ".join(parts)),
    }  # fmt: skip
    return Words(fixed | _identity(provider, rng) | _carried(provider), rng)


def _names_provider(provider: Provider, kind: str) -> bool:
    """Whether a kind such as `datadog_api_key` names its provider by itself."""
    return any(word[:6] in kind.replace("_", "") for word in ("".join(provider.words), provider.name) if len(word) > 2)


def _identity(provider: Provider, rng: random.Random) -> dict[str, str]:
    """The identifier beside the credential, if the provider has one."""
    if not provider.ids:
        return {}
    one = provider.ids[0]
    return {
        "id": values.made(one.shape, rng), "idkind": one.name, "idc": camel(one.name.split("_")),
        "IDENV": f"{provider.prefix}_{one.name.upper()}",
    }  # fmt: skip


def _carried(provider: Provider) -> dict[str, str]:
    """How a request carries the credential: the header with what stands before the value, or the parameter."""
    how, _, name = provider.auth.partition(":")
    if how == "query":
        return {"query": name}
    if how in ("basic", "none"):
        return {}
    if how == "header" and name != "Authorization":
        return {"header": name, "scheme": ""}
    scheme = "Bearer " if how == "bearer" else _SCHEMES[digest(provider.name) % len(_SCHEMES)]
    return {"header": "Authorization", "scheme": scheme}
