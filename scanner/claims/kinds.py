"""Which decoder reads which kind of credential."""

from scanner.claims import beside, keys, tokens
from scanner.claims.said import Decoder

BY_KIND: dict[str, Decoder] = {
    "aws.access_key": tokens.aws_key_id,
    "aws.session": tokens.aws_key_id,
    "azure.shared_access_key": beside.azure,
    "azure.storage_key": beside.azure,
    "cloudflare.tunnel": tokens.cloudflare_tunnel,
    "database.ado": beside.connection_string,
    "database.jdbc": beside.jdbc,
    "docker.config_auth": tokens.basic,
    "gcp.service_account": beside.service_account,
    "github.app.installation": tokens.jwt,
    "jwt.token": tokens.jwt,
    "mapbox.secret": tokens.mapbox,
    "netrc.password": beside.netrc,
    "npm.basic_auth": tokens.basic,
    "npm.legacy": beside.npmrc,
    "npm.token": beside.npmrc,
    "oidc.access_token": tokens.jwt,
    "oidc.refresh_token": tokens.jwt,
    "private_key.openssh": keys.openssh,
    "private_key.pgp": keys.pgp,
    "private_key.putty": keys.putty,
    "pypi.token": tokens.pypi,
    "sentry.org_token": tokens.sentry,
    "twilio.api_key": tokens.twilio,
    "twilio.auth_token": tokens.twilio,
}
BY_FAMILY: dict[str, Decoder] = {
    "database": beside.url,
    "private_key": keys.pem,
    "url": beside.url,
}
"""By the part of the kind before the dot, where the kind itself has none."""
