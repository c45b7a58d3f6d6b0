"""Ties a finding to the jobs that use it: they hold the literal, name its variable, or name the file it lies in.

The three are told apart in `Use.note`. Only the last two can err: a name or a path may be the same by chance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from offkey.found import Finding, Gap, Place, Use
from scanner.ci.config import EVERY_SECRET, Config, owners, runs
from scanner.ci.registry import read
from scanner.matching.encoding import decoded
from scanner.pipelines.assigned import assigned, packed
from scanner.pipelines.configs import BYTES, contents
from scanner.pipelines.usage import Survey, use_order
from scanner.repository.files import FileItem, read_file

LITERAL = "the value stands in it"
_GENERIC = frozenset(
    ["token", "secret", "password", "passwd", "key", "apikey", "api_key", "auth", "value", "name", "data", "user",
     "url", "default", "string", "username", "login", "access_token", "content", "text"]
)  # fmt: skip
_SHORTEST = 4


@dataclass(frozen=True)
class _Spot:
    """A place whose content was read: the variables that its parts are assigned to, and what it says to systems.

    `configs` is for content that no commit of a ref has; the survey knows the rest.
    """

    place: Place
    names: tuple[str, ...]
    configs: Mapping[str, Config]


def tied(
    findings: Sequence[Finding], surveys: Mapping[str, Survey], gaps: list[Gap], mask: Callable[[str], str]
) -> tuple[Finding, ...]:
    """The findings with `usage`. `surveys` are by repository as it is named in places; `mask` takes values out."""
    spots = {repo: _spots(survey, repo, findings, gaps) for repo, survey in sorted(surveys.items())}
    names = {repo: _by_name(survey) for repo, survey in surveys.items()}
    files = {repo: _by_file(survey) for repo, survey in surveys.items()}
    made = []
    for finding in findings:
        uses: dict[tuple[object, ...], Use] = {}
        for repo in sorted({place.repo for place in finding.places} & surveys.keys()):
            mine = [spot for place in finding.places if (spot := spots[repo].get(_at(place))) is not None]
            held = list(_literal(surveys[repo], mine))
            # What holds the value itself need not be told again for naming it.
            sure = {(use.path, use.job, use.step, use.present) for use in held}
            others = (*_named(mine, names[repo]), *_filed(mine, files[repo]))
            for use in (*held, *(use for use in others if (use.path, use.job, use.step, use.present) not in sure)):
                known = uses.setdefault(_same(use), use)
                if known is not use and (use.present, use.commit) > (known.present, known.commit):
                    uses[_same(use)] = use
        ordered = sorted((masked(use, mask) for use in uses.values()), key=use_order)
        made.append(replace(finding, usage=tuple(dict.fromkeys((*finding.usage, *ordered)))))
    return tuple(made)


def masked(use: Use, mask: Callable[[str], str]) -> Use:
    """The use with every credential in its words replaced by a redacted form (DESIGN rule 6)."""
    author = use.changed
    return replace(
        use,
        repo=mask(use.repo), path=mask(use.path), workflow=mask(use.workflow), job=mask(use.job), step=mask(use.step),
        environment=mask(use.environment), name=mask(use.name), note=mask(use.note),
        when=tuple(mask(when) for when in use.when),
        changed=author and replace(
            author, name=mask(author.name), email=mask(author.email), raw_email=mask(author.raw_email)
        ),
    )  # fmt: skip


def _at(place: Place) -> tuple[str, str, int, int]:
    return (place.object, place.path, place.line, place.column)


def _same(use: Use) -> tuple[object, ...]:
    return (use.system, use.repo, use.path, use.job, use.step, use.environment, use.name, use.note)


def _spots(survey: Survey, repo: str, findings: Iterable[Finding], gaps: list[Gap]) -> dict[tuple[object, ...], _Spot]:
    """The places of one repository, each with the names that its value is assigned to."""
    by_blob: dict[str, list[Place]] = defaultdict(list)
    found: dict[tuple[object, ...], _Spot] = {}
    for finding in findings:
        for place in finding.places:
            if place.repo != repo or not place.path:
                continue
            if place.object_type == "blob":
                by_blob[place.object].append(place)
            elif place.object_type in ("file", "index") and (content := _of_file(survey, place)) is not None:
                found[_at(place)] = _spot(survey, place, content)
    for blob, content in contents(survey.git, by_blob, gaps) if survey.git is not None else ():
        for place in by_blob[blob]:
            found[_at(place)] = _spot(survey, place, content)
    return found


def _of_file(survey: Survey, place: Place) -> bytes | None:
    root = survey.root
    content = read_file(FileItem(str(root), place.path, "file", "worktree", ""), BYTES) if root else None
    return content if isinstance(content, bytes) else None


def _spot(survey: Survey, place: Place, content: bytes) -> _Spot:
    unknown = [system for system in survey.systems(place.path) if (system, place.path, place.object) not in survey.read]
    text = decoded(content)[0].decode("utf-8", "replace") if unknown else ""
    configs = {system: read(system, place.path, text) for system in unknown}
    return _Spot(
        place, assigned(content, place), {name: config for name, config in configs.items() if config != Config()}
    )


def _telling(name: str) -> bool:
    """Whether a name says enough to compare by."""
    return len(name) >= _SHORTEST and name.lower() not in _GENERIC


def _literal(survey: Survey, spots: Iterable[_Spot]) -> Iterable[Use]:
    """The jobs of configuration files that hold the value itself."""
    for spot in spots:
        place = spot.place
        name = next(iter(spot.names), "")
        line = 0 if packed(place) else place.line
        for system in survey.systems(place.path):
            for use in survey.place((system, place.path, place.object), line, LITERAL, name):
                yield replace(
                    use, commit=place.commit or use.commit, present=place.present or place.object_type != "blob"
                )
        loose = place.object_type != "blob"
        for system, config in spot.configs.items():
            for part in owners(config, line):
                yield Use(
                    system=system, repo=place.repo, path=place.path, line=line, workflow=config.workflow,
                    job=part.job, step=part.step, environment=part.environment, name=name,
                    when=runs(config, part), present=loose, commit=place.commit,
                    note=f"{LITERAL}, {'in the work tree alone' if loose else 'in no commit that a ref leads to'}",
                )  # fmt: skip


def _by_name(survey: Survey) -> Mapping[str, Sequence[Use]]:
    found: dict[str, list[Use]] = defaultdict(list)
    for use in survey.uses:
        if use.name != EVERY_SECRET and use.system != "dotenv":  # which sets names, and runs nothing
            found[use.name].append(use)
            if "/" in use.name:  # a Kubernetes secret and its key
                found[use.name.rpartition("/")[2]].append(use)
    return found


def _named(spots: Iterable[_Spot], uses: Mapping[str, Sequence[Use]]) -> Iterable[Use]:
    """The jobs that refer to a name which the value is assigned to."""
    for spot in spots:
        for name in filter(_telling, spot.names):
            for called in (name, f"TF_VAR_{name}", name.removeprefix("TF_VAR_")):
                for use in uses.get(called, ()):
                    here = (spot.place.path, spot.place.line, spot.place.present)
                    if (use.path, use.line, use.present) != here:
                        yield replace(use, note=f"by name: {spot.place.path} assigns the value to {called}")


def _by_file(survey: Survey) -> Callable[[str], Iterable[Use]]:
    exact: dict[str, list[Use]] = defaultdict(list)
    folders: dict[str, list[Use]] = defaultdict(list)
    for mention in survey.mentions:
        for target in mention.targets:
            exact[target].append(mention.use)
            if mention.folder:
                folders[target].append(mention.use)

    def naming(path: str) -> Iterable[Use]:
        yield from exact.get(path, ())
        above = path.rpartition("/")[0]
        while above:
            yield from folders.get(above, ())
            above = above.rpartition("/")[0]

    return naming


def _filed(spots: Iterable[_Spot], naming: Callable[[str], Iterable[Use]]) -> Iterable[Use]:
    """The jobs that name the file in which the value lies."""
    for spot in spots:
        here = spot.place.present or spot.place.object_type != "blob"
        for use in naming(spot.place.path):
            if use.path != spot.place.path:
                yield replace(use, note=f"by file: {use.note}", present=use.present and here)
