"""A sample organisation, Kestrel Robotics: three repositories, five people, and what one of them left behind.

All of it is real git with invented content. No key works anywhere: each was made a moment ago, on this machine, for
the provider services that the demonstration starts on loopback.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from offboarding.demo.history import Author, History
from offkey.secret import Secret
from scanner.repository.git import run_git

ANN: Author = ("Ann Archer", "ann.archer@kestrel.example")
BOB: Author = ("Bob Baker", "bob.baker@kestrel.example")
CHEN: Author = ("Chen Wei", "chen.wei@kestrel.example")
BOT: Author = ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com")
SAM: Author = ("Sam Rivera", "sam.rivera@kestrel.example")
SAM_BEFORE: Author = ("Samuel Rivera", "sam@rivera.example")
SAM_LOGIN = "samrivera"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Everything that lies in the code. The first seven are Sam's; the rest must survive his leaving."""

    aws: tuple[str, Secret]
    github_classic: Secret
    github_fine_grained: Secret
    github_oauth: Secret
    slack_user: Secret
    private_key: Secret
    database_url: Secret
    ann_aws: tuple[str, Secret]
    bob_slack_bot: Secret
    chen_npm: Secret
    bob_github: Secret


def build(root: Path, keys: Keys, sam_github_id: int) -> dict[str, Path]:
    """Make the repositories under `root/work`, each with its bare remote under `root/remotes`. Name -> work path."""
    sam_web: Author = ("Sam Rivera", f"{sam_github_id}+{SAM_LOGIN}@users.noreply.github.com")
    begun = datetime(2022, 2, 7, 9, 30, tzinfo=UTC)
    made = {
        "webshop": _webshop(History(root / "work" / "webshop", begun), keys, sam_web),
        "infra": _infra(History(root / "work" / "infra", begun), keys),
        "chatbot": _chatbot(History(root / "work" / "chatbot", begun), keys),
    }
    for name, history in made.items():
        remote = root / "remotes" / f"{name}.git"
        run_git("init", "-q", "--bare", "-b", "main", str(remote))
        history.git("remote", "add", "origin", str(remote))
        history.git("push", "-q", "origin", "--all")
    return {name: history.path for name, history in made.items()}


def _text(secret: Secret) -> str:
    return secret.reveal().decode()


def _webshop(repo: History, keys: Keys, sam_web: Author) -> History:
    """Sam commits an AWS pair; others edit and rename the file; from the web he adds a token to a workflow."""
    settings = "# Settings of the shop.\n\nDEBUG = False\nREGION = 'eu-central-1'\n"
    pair = f"AWS_ACCESS_KEY_ID = '{keys.aws[0]}'\nAWS_SECRET_ACCESS_KEY = '{_text(keys.aws[1])}'\n"
    workflow = (
        "name: deploy\non:\n  push:\n    branches: [main]\n  schedule:\n    - cron: '17 2 * * *'\n"
        "jobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n"
    )
    step = "      - run: ./scripts/release.sh\n        env:\n          GH_TOKEN: "
    repo.commit(ANN, "Begin the shop", {"README.md": "# Webshop\n", "shop/settings.py": settings})
    repo.commit(BOB, "Basket", {"shop/basket.py": "def total(items):\n    return sum(item.price for item in items)\n"})
    repo.commit(SAM, "Upload invoices to S3", {"shop/settings.py": settings + pair, "shop/s3.py": "import boto3\n"})
    repo.commit(BOB, "Turn debugging on for staging", {"shop/settings.py": settings.replace("False", "True") + pair})
    repo.commit(
        CHEN, "Publish the client", {"scripts/publish.sh": f"#!/bin/sh\nexport NPM_TOKEN={_text(keys.chen_npm)}\n"}
    )
    repo.commit(ANN, "Settings become a package", rename=("shop/settings.py", "shop/config/production.py"))
    later = settings.replace("eu-central-1", "eu-west-1") + "TIMEOUT = 30\n" + pair
    repo.commit(ANN, "Move to Ireland", {"shop/config/production.py": later})
    deploy = workflow + step + _text(keys.github_classic) + "\n"
    repo.commit(sam_web, "Update deploy.yml", {".github/workflows/deploy.yml": deploy})
    repo.commit(BOT, "Update actions", {".github/workflows/lint.yml": "name: lint\non: [pull_request]\njobs: {}\n"})
    repo.commit(
        BOB,
        "Returns",
        {"shop/returns.py": "def refund(order):\n    return order.total\n"},
        branch="returns",
        start="main",
    )
    repo.commit(CHEN, "Faster search", {"shop/search.py": "INDEX = {}\n"})
    repo.commit(ANN, "Merge branch 'returns'", merge="returns")
    repo.write()
    return repo


def _infra(repo: History, keys: Keys) -> History:
    """A database URL from Sam's earlier address, a rebased branch, and a private key in a commit he reset away."""
    docker = "FROM python:3.12-slim\nCOPY . /app\n"
    ann = f'provider "aws" {{\n  access_key = "{keys.ann_aws[0]}"\n  secret_key = "{_text(keys.ann_aws[1])}"\n}}\n'
    repo.commit(SAM_BEFORE, "Containers", {"Dockerfile": docker, "README.md": "# Infrastructure\n"})
    database = docker + f"ENV DATABASE_URL={_text(keys.database_url)}\n"
    repo.commit(SAM_BEFORE, "Point at the new database", {"Dockerfile": database})
    repo.commit(ANN, "Terraform", {"terraform/main.tf": ann})
    token = f"#!/bin/sh\ncurl -H 'Authorization: Bearer {_text(keys.github_fine_grained)}' \"$URL\"\n"
    repo.commit(SAM, "Mirror releases", {"bin/mirror.sh": token}, branch="mirror-releases", start="main")
    repo.commit(
        SAM, "Deploy key, for a test", {"deploy/id_ed25519": _text(keys.private_key)}, branch="scratch", start="main"
    )
    repo.commit(BOB, "Alerts", {"alerts.yml": "groups: []\n"})
    repo.commit(CHEN, "Pin the base image", {"Dockerfile": database.replace("3.12-slim", "3.12.4-slim")})
    repo.write()
    repo.git("branch", "-D", "scratch")
    repo.clock += timedelta(days=2)
    repo.git("rebase", "-q", "main", "mirror-releases", author=SAM)
    repo.git("checkout", "-q", "main")
    return repo


def _chatbot(repo: History, keys: Keys) -> History:
    """A Slack token in the source, a token that enters only with a merge, another kept in a stash."""
    notify = (
        "import fetch from 'node-fetch';\n\nconst token = '§';\n\nexport const say = (text) => post(token, text);\n"
    )
    repo.commit(CHEN, "Begin the bot", {"package.json": '{"name": "chatbot", "private": true}\n'})
    repo.commit(BOB, "Configuration of the bot user", {".env": f"SLACK_BOT_TOKEN={_text(keys.bob_slack_bot)}\n"})
    repo.commit(SAM, "Tell the channel", {"src/notify.js": notify.replace("§", _text(keys.slack_user))})
    repo.commit(BOB, "Greeting", {"src/greet.js": "export const greet = (name) => `Hello ${name}`;\n"})
    repo.commit(CHEN, "Threads", {"src/threads.js": "export const open = new Map();\n"}, branch="threads", start="main")
    repo.commit(ANN, "Licence", {"LICENSE": "All rights reserved.\n"})
    release = f"const github = '{_text(keys.github_oauth)}';\nexport default github;\n"
    repo.commit(SAM, "Merge branch 'threads'", {"src/release.js": release}, merge="threads")
    repo.commit(CHEN, "Shorter greeting", {"src/greet.js": "export const greet = (name) => `Hi ${name}`;\n"})
    repo.write()
    repo.clock += timedelta(days=3)
    (repo.path / "src" / "greet.js").write_text(f"// {_text(keys.bob_github)}\nexport const greet = () => 'Hi';\n")
    repo.git("stash", "push", "-q", author=BOB)
    return repo
