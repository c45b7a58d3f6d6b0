"""What each kind of access is, and so when in a run it is ended: sign-in, sessions and tokens, memberships, ownership,
deletion. Plain data: a kind that a revoker handles and that does not stand here is a test's failure.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from offkey.model import Action, Step


class Nature(StrEnum):
    """What a way in is, whoever's it is."""

    LOGIN = "login"
    ACCOUNT = "account"
    SESSION = "session"
    KEY = "key"
    MEMBERSHIP = "membership"
    OWNED = "owned"
    FACTOR = "factor"


class Rank(IntEnum):
    """When, within what can be taken back and again within what cannot."""

    SIGN_IN = 0
    SESSIONS_AND_TOKENS = 1
    MEMBERSHIPS = 2
    OWNERSHIP = 3
    DELETION = 4


_RANKS = {
    Nature.LOGIN: Rank.SIGN_IN,
    Nature.ACCOUNT: Rank.SIGN_IN,
    Nature.SESSION: Rank.SESSIONS_AND_TOKENS,
    Nature.KEY: Rank.SESSIONS_AND_TOKENS,
    Nature.MEMBERSHIP: Rank.MEMBERSHIPS,
    Nature.OWNED: Rank.OWNERSHIP,
    # Taken away while a password lives, it would make signing in easier.
    Nature.FACTOR: Rank.DELETION,
}

_KINDS = {
    Nature.LOGIN: """
    aws.login_profile
    """,
    Nature.ACCOUNT: """
    atlassian.account azure.account confluent.user database.mysql database.postgres database.redis
    database.role databricks.account datadog.user fastly.user gitlab.account google.account grafana.user
    jenkins.account jfrog.account keycloak.user linear.user okta.account pagerduty.user slack.account
    snowflake.account sumologic.user tailscale.user vault.entity
    """,
    Nature.SESSION: """
    aws.user_sessions keycloak.sessions linear.sessions okta.session pagerduty.sessions
    """,
    Nature.MEMBERSHIP: """
    anthropic.member buildkite.member cloudflare.member discord.member docker.member doppler.member
    github.membership github.outside_collaborator gitlab.group_member grafana.cloud_member heroku.team_member
    huggingface.member launchdarkly.member mongodb.org_user openai.member sendgrid.teammate sentry.member
    supabase.member terraform.membership vercel.team_member
    """,
    Nature.OWNED: """
    github-actions.schedule gitlab.oauth_app shopify.access_token slack.app
    """,
    Nature.FACTOR: """
    aws.mfa_device
    """,
    Nature.KEY: """
    anthropic.admin_key anthropic.api_key anthropic.oauth atlassian.access_token atlassian.api_token
    atlassian.app_password atlassian.bitbucket_data_center aws.access_key aws.appsync_key aws.bedrock_key
    aws.secret_access_key aws.service_credential aws.session aws.signing_certificate aws.ssh_public_key
    azure.app_configuration azure.batch_key azure.certificate azure.client_secret azure.communication
    azure.container_registry azure.cosmos_key azure.devops_pat azure.devops_pat.legacy azure.functions_key
    azure.grant azure.logic_app azure.publish_profile azure.redis_key azure.sas azure.search_key
    azure.shared_access_key azure.shared_access_key.bare azure.signalr azure.storage_key
    azure.storage_key.bare azure.subscription_key buildkite.agent_job buildkite.agent_registration
    buildkite.agent_session buildkite.agent_token buildkite.package buildkite.portal_secret
    buildkite.portal_token buildkite.user_token circleci.token circleci.token.legacy cloudflare.account_token
    cloudflare.global_key cloudflare.legacy cloudflare.origin_ca cloudflare.tunnel cloudflare.user_token
    confluent.api_secret crates.token database.ado database.amqp database.clickhouse database.jdbc
    database.mongodb database.mssql database.neo4j database.oracle database.snowflake databricks.oauth_secret
    databricks.pat datadog.access_token datadog.api_key datadog.app_key digitalocean.oauth digitalocean.pat
    digitalocean.refresh discord.bot discord.oauth discord.webhook docker.config_auth docker.oat docker.pat
    docker.swarm_token docker.swarm_unlock doppler.token fastly.listed_token fastly.token figma.pat
    gcp.api_key gcp.chat_webhook gcp.fcm_server_key gcp.hmac gcp.oauth_access gcp.oauth_client_secret
    gcp.oauth_refresh gcp.recaptcha_secret gcp.service_account github.app.installation github.app.refresh
    github.app.user github.deploy_key github.oauth github.pat.classic github.pat.fine_grained github.pat_grant
    github.server.ssh_key github.ssh_key github.sso_authorization github.sso_authorizations gitlab.agent
    gitlab.ci_job gitlab.deploy_key gitlab.deploy_token gitlab.enterprise_pat gitlab.enterprise_ssh_key
    gitlab.feature_flag gitlab.feed gitlab.incoming_mail gitlab.listed_pat gitlab.pat gitlab.pat.routable
    gitlab.runner gitlab.runner.registered gitlab.runner_registration gitlab.scim gitlab.ssh_key
    gitlab.trigger gitlab.workspace google.app_password google.grant grafana.api_key.legacy grafana.cloud
    grafana.service_account heroku.api_key heroku.api_key.legacy huggingface.org huggingface.token
    jenkins.api_token jenkins.api_tokens jfrog.access_token jfrog.api_key jfrog.reference_token
    keycloak.consent launchdarkly.access_token launchdarkly.key linear.api_key linear.oauth linear.webhook
    mailchimp.api_key mailchimp.transactional_key mailgun.api_key mapbox.secret mongodb.api_key
    mongodb.service_account netlify.pat newrelic.admin_key newrelic.insights_insert newrelic.insights_query
    newrelic.license_key newrelic.rest_key newrelic.user_key notion.integration notion.integration.legacy
    npm.basic_auth npm.legacy npm.token oidc.access_token oidc.refresh_token okta.api_token okta.grant
    okta.listed_token okta.refresh_token openai.admin openai.legacy openai.project openai.service_account
    pagerduty.api_key private_key.age private_key.authorized_key private_key.cosign private_key.dsa
    private_key.ec private_key.jwk private_key.minisign private_key.openssh private_key.openvpn_static
    private_key.pgp private_key.pkcs8 private_key.pkcs8_encrypted private_key.putty private_key.rsa pypi.token
    rubygems.api_key sendgrid.api_key sentry.app_token sentry.integration_token sentry.org_token
    sentry.user_token shopify.app_secret slack.bot slack.config.access slack.config.refresh slack.legacy
    slack.user slack.webhook slack.webhook.workflow snowflake.pat sonar.token sonar.user_token
    square.app_secret square.token stripe.restricted stripe.secret stripe.test stripe.webhook
    sumologic.access_key supabase.legacy_keys supabase.pat supabase.secret_key tailscale.key telegram.bot
    terraform.token twilio.api_key twilio.auth_token twitch.access_token twitch.client_secret vault.accessor
    vault.batch vault.legacy vault.recovery vault.service vercel.token
    """,
}
NATURES: Mapping[str, Nature] = MappingProxyType(
    {kind: nature for nature, text in _KINDS.items() for kind in text.split()}
)
"""By kind."""


def rank(step: Step) -> Rank:
    """A kind that is not listed counts as a key.

    What deletes an account, or for good what a step before it switched off, comes last: until then everything that
    hangs on it can still be listed, proven and taken back.
    """
    nature = NATURES.get(step.point.kind, Nature.KEY)
    ends = step.action in (Action.REVOKE, Action.REMOVE)
    if ends and (step.after or nature is Nature.ACCOUNT):
        return Rank.DELETION
    return _RANKS[nature]
