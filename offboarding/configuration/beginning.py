"""A first configuration with its reasons in comments, and the organisation key. Nothing existing is ever replaced."""

import base64
import os
import secrets
from pathlib import Path

from offkey.errors import UsageError
from offkey.fingerprint import KEY_BYTES

KEY = "organisation.key"

CONFIGURATION = """\
# offkey's configuration. Unknown keys are refused; paths start at this file's folder.
# A line that begins with # and no blank is a setting to fill in and switch on.

[organisation]
#name = "Example Ltd"
# The fingerprint key. Keep it: without it, findings cannot be recognised again. Never commit it.
# A secret manager does as well: key = "cmd:vault kv get -field=key secret/offkey", or "keyring:offkey/organisation".
key = "file:organisation.key"
# Who asks for plans; nobody approves their own.
#requester = "you@example.com"
# Where the ledger lies. Default: $OFFKEY_STATE, else $XDG_STATE_HOME/offkey.
#state = "state"

[directory]
# Who has which addresses and accounts: YAML as in the example, or a CSV export (docs/configuration.md).
people = "people.yaml"
# Who signs commits with which keys (allowed_signers of OpenSSH, a keyring for gpgv), and who pushed what.
#allowed_signers = "signers"
#gpg_keyring = "keyring.gpg"
#push_log = "pushes.jsonl"
# Exports of Okta, Entra ID, SCIM or GitHub's SAML identities (JSON) that add to it.
#exports = ["okta-users.json", "github-saml.json"]
# Where `offkey whois --confirm` and `--reject` record decisions; they win over all else. Keep it out of the code.
#overrides = "overrides.yaml"

[repositories]
# Local paths or clone URLs.
#paths = ["../app", "https://git.example.com/app.git"]

[policy]
#max_steps = 100
#plan_valid_hours = 72
#approval_valid_hours = 24
#confirm_seconds = 30
#hand_over_days = 7
# How many must sign: two different approvers for what cannot be undone ("all", "none": for everything, for nothing).
four_eyes = "irreversible"
# How long one step may take before the others go on without it.
#step_seconds = 120
# Who is to do what is handed over, by provider; default: requester.
#assignees = { aws = "cloud@example.com" }
# What can be switched off is switched off at once, and deleted for good only after this many hours (`offkey apply
# --resume`); until then `offkey undo` switches it on again. Less than plan_valid_hours. What somebody has switched
# on by hand meanwhile is not deleted: the step waits for a person.
#observe_hours = 0
# When a leaver's run must be closed (`offkey leavers due`).
#sla_hours = 24
# A leaked value can be shown to its own issuer, at the issuer's fixed address, without a table under [providers].
#unlisted_providers = false

[verify]
# When `offkey verify --due` looks again at what a run has ended, counted from its closing.
#schedule = ["1h", "24h", "7d", "30d", "90d"]
# How long a closed run's copies of repositories, and with them the values, are kept. 0: not at all; what can be asked
# by its value alone is then UNKNOWN.
#keep_mirror_days = 0
# A use or commit counts as later only by more than this.
#tolerance_minutes = 15
# Do not look through the repositories for values that came back and for later commits.
#code = false

[approvers]
# An OpenSSH allowed_signers file. offkey never holds an approver's private key.
register = "approvers"
# Who may do what, by address: approver, owner, security, executor. Default: who stands in the register may approve.
#roles = { "grace@example.com" = ["approver", "owner"], "ivy@example.com" = "security" }

[standing]
# How far a standing approval for `offkey contain` may go (docs/containment.md). `enabled = false` stops all at once.
#enabled = true
#max_days = 90
#most_per_person = 50
#most_per_day = 500

[optouts]
# Who may approve that something of a leaver's or mover's stays for a while, and how long at most (docs/optouts.md).
#owners = ["carla@example.com"]
#max_days = 30
#legal_hold_days = 180
# Each event of an opt-out is appended to this file, and posted to this URL, signed with this key.
#stream = "optouts.jsonl"
#notify = "env:OFFKEY_OPTOUTS_URL"
#notify_key = "env:OFFKEY_OPTOUTS_KEY"
# Owners of one system, in place of those above.
#[optouts.systems]
#github = ["dan@example.com"]

[roles]
# What each role has, for `offkey plan E-MAIL --role NAME` and `offkey inventory E-MAIL --role NAME`.
#file = "roles.yaml"

[break_glass]
# Accounts that are never offboarded.
#accounts = ["github:octo-root", "aws:breakglass"]

[ledger]
# What signs the checkpoints of the ledger, made by `offkey ledger init`; never an approver's key.
#key = "file:ledger.key"
# The ledger in PostgreSQL instead of the state folder: a reference to postgresql+psycopg://user:password@host/database.
#database = "env:OFFKEY_LEDGER"

# Where each checkpoint goes, so that this host cannot replace the ledger unseen: kinds git, s3, mail and file
# (docs/ledger.md).
#[[ledger.sink]]
#kind = "git"
#remote = "https://git.example.com/security/checkpoints.git"
#token = "env:OFFKEY_CHECKPOINTS"

[canaries]
# Fingerprints of values that are never sent to anybody.
#fingerprints = []

# Credentials stand here by reference alone: env:NAME, file:PATH (mode 0600), cmd:PROGRAM, keyring:SERVICE/USER,
# profile:NAME (AWS). `read` plans; `write` is looked at by `offkey apply` alone. An instance of your own has a `url`.

#[providers.github]
#organisations = ["example"]
# No SAML single sign-on; deploy keys are not listed (that costs one request a repository).
#sso = false
#deploy_keys = false
#read = "env:OFFKEY_GITHUB_READ"
#write = "env:OFFKEY_GITHUB_WRITE"

#[providers.aws]
#account = "123456789012"
# Another partition's account is asked at its own STS: China, or GovCloud at https://sts.us-gov-west-1.amazonaws.com
#url = "https://sts.cn-north-1.amazonaws.com.cn"
#read = "profile:audit"
#write = "profile:offboarding"

# A provider that you have several times has a table for each other one (docs/configuration.md).
#[providers.aws.instances.research]
#account = "210987654321"
#read = "profile:research-audit"
#write = "profile:research-offboarding"

#[providers.slack]
#read = "env:OFFKEY_SLACK_READ"

#[providers.private_key]
# Absolute paths of servers' authorized_keys, or copies of them: they are compared with private keys that were found.
#authorized_keys = ["/srv/audit/web-1/authorized_keys"]

# Where a value is enough to ask and end it, an empty table will do. docs/providers.md has every provider's keys.
#[providers.vercel]

[remedy]
# Who commits the pull requests that take values out of the code.
#author_name = "offkey"
#author_email = "offkey@example.com"
#branch_prefix = "offkey/"
# Besides the default branch, these get a pull request of their own where they hold a value.
#branches = ["release/*"]
# Where a repository is at no configured GitHub or GitLab, a git bundle of the new commits goes into this folder.
#bundles = "bundles"
#[remedy.repositories]
# Where changes to a path of [repositories] are proposed, if its origin does not tell (docs/pull-requests.md).
#"../app" = "example/app"
#"../lab" = "gitlab/corp:group/lab"
#"../here" = "branch:../review/here"
#"../there" = "bundle:bundles"

# A shared credential that may be replaced without anybody's hands, and the existing secret that its successor goes
# into. Nothing else is ever rotated; it needs the extra yes `--allow rotate`. docs/rotation.md has kinds and stores.
#[[rotation]]
#kind = "aws.access_key"
#holder = "deploy-bot"
#store = "aws_secrets_manager"
#place = { region = "eu-central-1", secret = "prod/deploy" }
#fields = { id = "AWS_ACCESS_KEY_ID", secret = "AWS_SECRET_ACCESS_KEY" }
# The old one is switched off when its successor is used and it was not for so long; after the deadline at the latest,
# or handed to people where it still is used. Must end, with observe_hours, before plan_valid_hours.
#quiet_hours = 4
#deadline_hours = 48
# Which instance has the credential, and which the store; needed where there are several.
#at = "aws"
#store_at = "aws"
"""

PEOPLE = """\
# The organisation's own word on who has which addresses and accounts; only what stands here ties accounts to a person.
# The immutable account id (github.id: https://api.github.com/users/LOGIN) is better than a login, which can be reused.
#- id: ann
#  names: [Ann Archer]
#  emails: [ann@example.com, ann.archer@gmail.com]
#  accounts: {github: ann-a, github.id: 4711, aws: ann.archer, slack: U0123ABCD}
#  left_at: 2026-11-01
#  not_me: [another.ann@example.org]
#- id: build
#  emails: [build@example.com]
#  shared: true
"""

APPROVERS = """\
# Who may approve plans: one line each, an e-mail address, the use, and the approver's own public key.
# A key that must no longer count goes to approvers.revoked, as its public key on a line. Who may also sign standing
# approvals or opt-outs has namespaces="offkey-plan,offkey-standing,offkey-optout".
#bob@example.com namespaces="offkey-plan",valid-before="20280101" ssh-ed25519 AAAA...
"""


def write(file: Path) -> list[tuple[Path, bool]]:
    """Write `file` (offkey.toml), people.yaml, approvers and the key beside it; (path, whether it was new) of each.

    Raises UsageError when the folder cannot be written.
    """
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
    contents = {
        file: (CONFIGURATION.encode(), 0o644),
        file.with_name("people.yaml"): (PEOPLE.encode(), 0o600),
        file.with_name("approvers"): (APPROVERS.encode(), 0o644),
        file.with_name(KEY): (key, 0o600),
    }
    return [(path, _new(path, content, mode)) for path, (content, mode) in contents.items()]


def _new(path: Path, content: bytes, mode: int) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", advice="name a file in a writable folder with --config"
        ) from error
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    return True
