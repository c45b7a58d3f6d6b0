"""Who makes successors, by provider, and the stores that take them, by the name in the configuration."""

from revokers.rotation import Maker, SecretStore, secretstore_aws, secretstore_github, secretstore_vault
from revokers.rotation import aws as aws_rotation
from revokers.rotation import database as database_rotation
from revokers.rotation import gcp as gcp_rotation

MAKERS: dict[str, Maker] = {
    "aws": aws_rotation,
    "database": database_rotation,
    "gcp": gcp_rotation,
}
STORES: dict[str, SecretStore] = {
    "aws_secrets_manager": secretstore_aws,
    "github_actions": secretstore_github,
    "vault": secretstore_vault,
}
