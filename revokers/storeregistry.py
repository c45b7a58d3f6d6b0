"""The readers of CI secret stores, by the provider whose table of the configuration they use."""

from revokers import stores_circleci, stores_github, stores_gitlab, stores_jenkins
from revokers.stores import StoreReader

READERS: dict[str, StoreReader] = {
    "circleci": stores_circleci,
    "github": stores_github,
    "gitlab": stores_gitlab,
    "jenkins": stores_jenkins,
}
