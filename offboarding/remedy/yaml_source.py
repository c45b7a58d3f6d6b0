"""YAML: `${{ secrets.NAME }}` in a GitHub workflow, the variable form of the system elsewhere."""

import re
from typing import Any

import yaml

from offboarding.remedy.literal import CannotRewrite, Literal, splice

FORMS = (
    (re.compile(r"(^|/)\.github/(workflows|actions)/"), "${{{{ secrets.{name} }}}}"),
    (re.compile(r"(^|/)azure-pipelines[^/]*\.ya?ml$"), "$({name})"),
    (re.compile(r""), "${{{name}}}"),
)
"""First match wins. Compose, GitLab CI, CircleCI, Bitbucket, Travis and Drone all expand `${NAME}`."""


def rewrite(path: str, text: str, literals: list[Literal]) -> str:
    """The document with each literal replaced; its structure is compared before and after."""
    form = next(form for pattern, form in FORMS if pattern.search(path))
    pieces = [(item.start, item.end, form.format(name=item.name)) for item in literals]
    changed = splice(text, pieces)
    if _shape(text) != _shape(changed):
        raise CannotRewrite("the rewritten file would have another structure")
    return changed


class _Loader(yaml.SafeLoader):
    """Knows every tag (`!reference`, `!Ref`) as plain data."""


def _any_tag(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return str(node.value)


_Loader.add_multi_constructor("!", _any_tag)


def _shape(text: str) -> Any:
    try:
        return [_skeleton(document) for document in yaml.load_all(text, _Loader)]
    except yaml.YAMLError:
        raise CannotRewrite("the file is not valid YAML") from None


def _skeleton(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _skeleton(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_skeleton(item) for item in value]
    return "scalar"
