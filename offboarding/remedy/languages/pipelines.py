"""What a literal becomes in the YAML files of CI systems and other known readers.

Each form is documented by its maker: GitHub ("Contexts": where `secrets` may stand), GitLab ("Where variables can be
used"), CircleCI ("Environment variables": nothing is expanded in `environment`), Azure ("Define variables"), Drone and
Woodpecker (`from_secret`), Buildkite ("Environment variable substitution"), Compose ("Interpolation").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from offboarding.remedy.languages import shell
from offboarding.remedy.literal import CannotRewrite, Literal

SCRIPTS = frozenset(
    {"script", "before_script", "after_script", "run", "command", "commands", "install", "before_install", "deploy"}
)
NO_SECRETS = {
    "if": "an if takes no secrets",
    "uses": "the place of an action takes no expression",
    "image": "a container's image takes no secrets",
    "runs-on": "runs-on takes no secrets",
    "on": "a trigger takes no secrets",
    "concurrency": "concurrency takes no secrets",
    "matrix": "a matrix takes no secrets",
    "run-name": "a run's name takes no secrets",
}
EXPRESSIONS = (("{{", "}}"), ("<%", "%>"), ("$[", "]"))
"""GitHub, Azure, Ansible, GoReleaser and other templates; ERB; Azure at run time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the keys down to it without the document's number, and what else is in the scalar.

    `at` and `end` are its place in what the scalar says.
    """

    path: str
    keys: tuple[str, ...]
    said: str
    at: int
    end: int

    @property
    def words(self) -> list[str]:
        """The keys without the numbers of lists."""
        return [key for key in self.keys if not key.isdigit()]

    @property
    def whole(self) -> bool:
        return (self.at, self.end) == (0, len(self.said))

    @property
    def script(self) -> bool:
        return bool(self.words) and self.words[-1] in SCRIPTS


@dataclass(frozen=True, slots=True)
class Form:
    """What takes a value's place. `key`: what the scalar's key becomes. `mapping`: the value is a mapping, not text."""

    text: str
    note: str = ""
    key: str = ""
    mapping: bool = False


def demand_text(place: Place) -> None:
    """Raises `CannotRewrite` in an expression of a template: a reference does not nest, and needs no quotes there."""
    before = place.said[: place.at]
    if any(before.rfind(opening) > before.rfind(closing) for opening, closing in EXPRESSIONS):
        raise CannotRewrite("the value is part of an expression")


def github(place: Place, name: str) -> Form:
    words = place.words
    for word in words[:1] if words[:1] and words[0] in ("on", "true", "concurrency", "run-name") else words[-1:]:
        if word in NO_SECRETS:
            raise CannotRewrite(NO_SECRETS[word])
    if "matrix" in words or "outputs" in words[:1]:
        raise CannotRewrite(NO_SECRETS["matrix"])
    if words[:1] == ["jobs"] and len(words) > 2 and words[2] in ("with", "name", "environment"):
        raise CannotRewrite(f"a job's {words[2]} takes no secrets")
    return Form(f"${{{{ secrets.{name} }}}}")


def github_action(place: Place, name: str) -> Form:
    raise CannotRewrite("an action has no secrets: make it an input")


def gitlab(place: Place, name: str) -> Form:
    for word in place.words:
        if word in ("rules", "only", "except", "stage", "stages", "needs", "extends"):
            raise CannotRewrite(f"GitLab expands nothing in {word}")
    return _in_shell(place, name)


def circleci(place: Place, name: str) -> Form:
    words = place.words
    if place.script or words[-1:] == ["run"]:
        return _in_shell(place, name)
    if words[-2:-1] in (["auth"], ["aws_auth"]) and place.whole:
        return Form(f"${name}", f"{name} comes from a context or the project's environment variables")
    raise CannotRewrite(f"CircleCI expands nothing there: take the entry out and put it into a context as {name}")


def azure(place: Place, name: str) -> Form:
    return Form(f"$({name})", f"{name} comes from a variable group or a secret variable of the pipeline")


def drone(place: Place, name: str) -> Form:
    if {"environment", "settings"} & set(place.words) and place.whole:
        return Form(f"{{from_secret: {name.lower()}}}", mapping=True)
    raise CannotRewrite(f"it takes secrets in environment and settings alone: from_secret: {name.lower()}")


def buildkite(place: Place, name: str) -> Form:
    if not place.script:
        raise CannotRewrite(f"the pipeline's upload would show it: set {name} in an agent's hook or a cluster's secret")
    return _in_shell(place, name, "$${{{}}}")


def compose(place: Place, name: str) -> Form:
    return Form(f"${{{name}:?}}")


def variables(place: Place, name: str) -> Form:
    return _in_shell(place, name)


def kubernetes(place: Place, name: str) -> Form:
    words = place.words
    if words[-2:] != ["env", "value"] or not place.whole:
        raise CannotRewrite("Kubernetes expands nothing there: give it by a Secret that is not in the repository")
    secret = name.lower().replace("_", "-")
    return Form(
        f"{{secretKeyRef: {{name: {secret}, key: {name}}}}}",
        f"create the Secret {secret} with the key {name}",
        key="valueFrom",
        mapping=True,
    )


def helm_values(place: Place, name: str) -> Form:
    if not place.whole:
        raise CannotRewrite("a part of a chart's value, and Helm expands nothing in values")
    return Form("", f"give {'.'.join(place.keys)} by --set-string or a secret values file")


def fixed(text: str) -> Callable[[Place, str], Form]:
    """Readers with one form everywhere, which has `{}` for the name."""
    return lambda place, name: Form(text.format(name))


def placeholder(place: Place, name: str) -> Form:
    said = f"nothing is known to fill in {place.path.rpartition('/')[2]}: what reads it must replace ${{{name}}}"
    return Form(f"${{{name}}}", said)


def _in_shell(place: Place, name: str, form: str = shell.FORM) -> Form:
    if not place.script:
        return Form(form.format(name))
    return Form(shell.spelled(place.said, [Literal(place.at, place.end, name)], form)[0])


READERS: tuple[tuple[re.Pattern[str], Callable[[Place, str], Form]], ...] = (
    (re.compile(r"(^|/)\.github/workflows/[^/]+$"), github),
    (re.compile(r"(^|/)action\.ya?ml$"), github_action),
    (re.compile(r"(^|/)\.github/dependabot\.ya?ml$"), fixed("${{{{ secrets.{} }}}}")),
    (re.compile(r"\.gitlab-ci[^/]*\.ya?ml$|(^|/)\.gitlab/.*\.ya?ml$"), gitlab),
    (re.compile(r"(^|/)\.circleci/.*\.ya?ml$"), circleci),
    (re.compile(r"(^|/)azure-pipelines[^/]*\.ya?ml$|(^|/)\.azure-pipelines/.*\.ya?ml$"), azure),
    (re.compile(r"(^|/)\.?(drone|woodpecker)[^/]*\.ya?ml$|(^|/)\.woodpecker/"), drone),
    (re.compile(r"(^|/)\.buildkite/"), buildkite),
    (re.compile(r"(^|/)(docker-)?compose[^/]*\.ya?ml$"), compose),
    (re.compile(r"(^|/)(bitbucket-pipelines|\.travis|\.cirrus|appveyor)\.ya?ml$"), variables),
    (re.compile(r"(^|/)\.yarnrc\.yml$|(^|/)(application|bootstrap)[\w.-]*\.ya?ml$"), fixed("${{{}}}")),
    (re.compile(r"(^|/)serverless[^/]*\.ya?ml$"), fixed("${{env:{}}}")),
    (re.compile(r"(^|/)\.goreleaser[^/]*\.ya?ml$"), fixed("{{{{ .Env.{} }}}}")),
    (re.compile(r"(^|/)config/(database|secrets|storage|cable|cache|queue)\.yml$"), fixed('<%= ENV.fetch("{}") %>')),
    (
        re.compile(r"(^|/)(playbooks|roles|group_vars|host_vars|inventory|inventories)/|(^|/)(site|playbook)\.ya?ml$"),
        fixed("{{{{ lookup('env', '{}') }}}}"),
    ),
    (re.compile(r"(^|/)values[^/]*\.ya?ml$|(^|/)charts/.*values[^/]*\.ya?ml$"), helm_values),
)
"""Who reads a file, by its path. First match wins."""
CONTENTS = (
    (frozenset({"apiVersion", "kind"}), kubernetes),
    (frozenset({"AWSTemplateFormatVersion"}), fixed("{{{{resolve:secretsmanager:{}}}}}")),
)
"""Who reads it, by the keys of the document."""


def reader(path: str, top: frozenset[str]) -> Callable[[Place, str], Form]:
    """The form of a file, by its path or the top keys of its document; a placeholder where nobody is known."""
    by_path = next((form for pattern, form in READERS if pattern.search(path)), None)
    return by_path or next((form for keys, form in CONTENTS if keys <= top), placeholder)
