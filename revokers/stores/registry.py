"""The readers of CI secret stores, by the provider whose table of the configuration they use."""

from revokers.stores import StoreReader, circleci, github, gitlab, jenkins

READERS: dict[str, StoreReader] = {
    "circleci": circleci,
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
}
