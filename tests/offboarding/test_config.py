"""offkey.toml: errors that name the place, references that never hold a value, reads without writes."""

import base64
import json
import os
import stat
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from offboarding.configuration import config, references
from offboarding.configuration.config import Config
from offboarding.configuration.references import ReferenceBroken
from offboarding.configuration.schema import SettingsError
from offkey.errors import UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import Account, Gap
from tests.builders import token

WHOLE = """
[organisation]
name = "Example Ltd"
key = "file:organisation.key"
requester = "sec@example.com"
[directory]
people = "people.yaml"
[repositories]
paths = ["../app", "https://git.example/app.git", "git@git.example:app.git"]
[policy]
max_steps = 7
[approvers]
register = "approvers"
[break_glass]
accounts = ["github:octo-root"]
[canaries]
fingerprints = ["hmac-sha256:aaaa:00"]
[providers.github]
organisations = ["example"]
read = "env:TEST_READ"
write = "env:TEST_WRITE"
[providers.aws]
account = "123456789012"
read = "profile:audit"
[remedy]
author_name = "robot"
"""


def written(folder: Path, text: str) -> Config:
    (folder / "offkey.toml").write_text(text)
    return config.load(folder / "offkey.toml")


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_whole_configuration_is_read_and_its_paths_start_at_its_folder(tmp_path: Path) -> None:
    read = written(tmp_path, WHOLE)
    assert read.directory.people == tmp_path / "people.yaml"
    assert read.approvers.register_file == tmp_path / "approvers"
    assert read.repositories.paths[0] == f"{tmp_path}/../app"
    assert read.repositories.paths[1:] == ("https://git.example/app.git", "git@git.example:app.git")
    assert read.requester() == "sec@example.com"
    assert read.limits().max_steps == 7
    assert read.limits().protects(Account(provider="github", id="1", login="octo-root"))
    assert read.policy.plan_valid_hours == 72


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = config.load(None)
    assert read.org_key() is None
    assert isinstance(read.provider_settings("github", write=False), Gap)
    with pytest.raises(SettingsError, match="not known who asks"):
        read.requester()
    (tmp_path / "offkey.toml").write_text('[organisation]\nname = "here"\n')
    assert config.load(None).organisation.name == "here"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[organization]\nname='x'", "organization: unknown table or key; allowed here: approvers, break_glass"),
        ("[organisation]\nnane='x'", r"\[organisation\] nane: unknown key; allowed here: key, name, requester, state"),
        ("[policy]\nmax_steps=0", r"\[policy\] max_steps: input should be greater than or equal to 1"),
        ("[policy]\nmax_steps='many'", r"\[policy\] max_steps: input should be a valid integer"),
        ("[approvers]\nfile='x'", r"\[approvers\] file: unknown key; allowed here: register"),
        ("[break_glass]\naccounts=['root']", r"must be \"provider:login\""),
        ("[providers.githbu]\nread='env:X'", r"\[providers.githbu\]: unknown provider; allowed here: .*github, gitlab"),
        (
            "[providers.github]\ntoken='env:X'",
            r"\[providers.github\] token: unknown key; allowed here: .*organisations",
        ),
        ("[providers.aws]\nread='profile:x'\naccount=123456789012", r"\[providers.aws\]: Input should be a valid str"),
        ("[providers.github]\nread='env:X'\norganisations=3", r"\[providers.github\]: Input should be a valid tuple"),
        ("[providers.github]\nread='env:A B'", "takes the name of an environment variable"),
        ("[organisation\n", "is no TOML"),
    ],
)
def test_a_wrong_configuration_says_where_and_what_is_allowed(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        written(tmp_path, text)
    assert str(tmp_path / "offkey.toml") in str(caught.value)


@pytest.mark.parametrize("key", ["read", "write"])
def test_a_credential_written_into_the_configuration_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    literal = token("ghp_", 36)
    with pytest.raises(SettingsError, match="must be a reference") as caught:
        written(tmp_path, f"[providers.github]\n{key} = '{literal}'")
    assert literal not in str(caught.value) + caught.value.advice + repr(caught.value.__cause__)


def test_a_missing_configuration_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file"):
        config.load(tmp_path / "none.toml")


def test_every_kind_of_reference_gives_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return "from keyring" if (service, username) == ("corp/offkey", "key") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def delete_password(self, service: str, username: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())  # type: ignore[no-untyped-call]
    monkeypatch.setenv("OFFKEY_TEST_REFERENCE", "from environment")
    try:
        file = private(tmp_path / "f", b"from file\n")
        assert references.token("env:OFFKEY_TEST_REFERENCE").reveal() == b"from environment"
        assert references.token(f"file:{file}").reveal() == b"from file"
        assert references.token(f"cmd:{sys.executable} -c 'print(\"from command\")'").reveal() == b"from command"
        assert references.token("keyring:corp/offkey/key").reveal() == b"from keyring"
        with pytest.raises(ReferenceBroken, match="holds nothing"):
            references.token("keyring:corp/other")
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "f", b"value", mode)
    with pytest.raises(ReferenceBroken, match=f"mode {mode:04o}") as caught:
        references.token(f"file:{file}")
    assert "chmod 600" in caught.value.advice


def test_folders_pipes_and_missing_files_are_no_credential_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, says in (("pipe", "no plain file"), (".", "no plain file"), ("none", "No such file")):
        with pytest.raises(ReferenceBroken, match=says):
            references.token(f"file:{tmp_path / name}")


def test_a_command_runs_without_a_shell_within_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert references.token("cmd:echo $HOME; touch x").reveal() == b"$HOME; touch x"
    monkeypatch.setattr(references, "COMMAND_SECONDS", 0.2)
    with pytest.raises(ReferenceBroken, match="did not end within"):
        references.token("cmd:sleep 20")
    with pytest.raises(ReferenceBroken, match="ended with code 1"):
        references.token("cmd:false")
    with pytest.raises(ReferenceBroken, match="cannot be started"):
        references.token("cmd:/no/such/program")
    with pytest.raises(ReferenceBroken, match="is empty"):
        references.token("cmd:true")


@pytest.mark.parametrize("form", ["lines", "commas", "json"])
def test_aws_credentials_come_as_words_or_as_credential_process_prints_them(tmp_path: Path, form: str) -> None:
    words = ("AKIA" + "X" * 16, "s" * 40, "t" * 60)
    keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    texts = {
        "lines": "\n".join(words) + "\n",
        "commas": ",".join(words),
        "json": json.dumps(dict(zip(keys, words, strict=True))),
    }
    text = texts[form]
    file = private(tmp_path / "aws", text.encode())
    read = references.aws(f"file:{file}")
    assert (read.access_key_id, read.secret_access_key.reveal(), read.session_token.reveal()) == (
        words[0],
        words[1].encode(),
        words[2].encode(),
    )


@pytest.mark.parametrize("content", [b"one", b"{", b'{"AccessKeyId": "x"}', b"[1]", b"a b c d"])
def test_what_holds_no_aws_credentials_is_said_without_showing_it(tmp_path: Path, content: bytes) -> None:
    file = private(tmp_path / "aws", content)
    with pytest.raises(ReferenceBroken, match="holds no AWS credentials"):
        references.aws(f"file:{file}")


def test_a_pair_from_two_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ID", "AKIAEXAMPLE")
    monkeypatch.delenv("TEST_SECRET", raising=False)
    with pytest.raises(ReferenceBroken, match="TEST_SECRET is not set"):
        references.aws("env:TEST_ID,TEST_SECRET")
    monkeypatch.setenv("TEST_SECRET", "hidden")
    assert references.aws("env:TEST_ID,TEST_SECRET").secret_access_key.reveal() == b"hidden"
    assert references.aws("profile:audit").profile == "audit"


def marker_command(marker: Path, value: str) -> str:
    return f'cmd:{sys.executable} -c \'open(\\"{marker}\\", \\"w\\").close(); print(\\"{value}\\")\''


def test_planning_never_touches_a_write_reference(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    read = written(
        tmp_path,
        f"""
        [providers.github]
        organisations = ["example"]
        read = "cmd:echo reading"
        write = "{marker_command(touched, "writing")}"
        [providers.slack]
        read = "cmd:echo reading"
        write = "{marker_command(touched, "writing")}"
        [providers.aws]
        account = "123456789012"
        read = "cmd:echo id secret"
        write = "{marker_command(touched, "id secret")}"
        """,
    )
    for name in read.providers:
        settings = read.provider_settings(name, write=False)
        assert not isinstance(settings, Gap)
        assert settings.write is None
    assert not touched.exists()
    for name in read.providers:
        touched.unlink(missing_ok=True)
        settings = read.provider_settings(name, write=True)
        assert settings.write is not None
        assert touched.exists()


def test_settings_carry_the_providers_own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_READ", "r")
    settings = written(tmp_path, WHOLE).provider_settings("github", write=False)
    assert settings.organisations == ("example",)
    assert settings.read.reveal() == b"r"


def test_a_credential_that_cannot_be_had_is_a_gap_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_READ", raising=False)
    gap = written(tmp_path, WHOLE).provider_settings("github", write=False)
    assert isinstance(gap, Gap)
    assert "TEST_READ is not set" in gap.why
    assert gap.advice


def test_the_organisation_key_is_32_raw_bytes_or_base64(tmp_path: Path) -> None:
    raw = bytes(range(32))
    read = written(tmp_path, WHOLE)
    private(tmp_path / "organisation.key", raw)
    one = read.org_key()
    private(tmp_path / "organisation.key", base64.b64encode(raw) + b"\n")
    two = read.org_key()
    assert one is not None
    assert two is not None
    assert one.id == two.id
    for bad in (b"short", base64.b64encode(b"too short"), b"!" * 50):
        private(tmp_path / "organisation.key", bad)
        with pytest.raises(KeyUnusable):
            read.org_key()
    private(tmp_path / "organisation.key", raw, 0o644)
    with pytest.raises(ReferenceBroken):
        read.org_key()


def test_the_state_folder_follows_call_environment_configuration_and_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = written(tmp_path, '[organisation]\nstate = "here"')
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("OFFKEY_STATE", raising=False)
    assert Config().state_dir() == tmp_path / "xdg" / "offkey"
    assert read.state_dir() == tmp_path / "here"
    monkeypatch.setenv("OFFKEY_STATE", str(tmp_path / "env"))
    assert read.state_dir() == tmp_path / "env"
    assert read.state_dir(tmp_path / "call") == tmp_path / "call"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "call", tmp_path / "here")} == {0o700}


def test_an_observation_that_outlasts_the_plan_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "offkey.toml"
    file.write_text("[policy]\nobserve_hours = 72\n")
    with pytest.raises(SettingsError, match="less than plan_valid_hours"):
        config.load(file)
    file.write_text("[policy]\nobserve_hours = 71\n")
    assert config.load(file).limits().observe_hours == 71


def test_an_unlisted_provider_is_asked_at_its_fixed_address_only_where_that_was_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "offkey.toml"
    file.write_text("[policy]\nunlisted_providers = true\n")
    asked = config.load(file)
    settings = asked.provider_settings("buildkite", write=True)
    assert not isinstance(settings, Gap)
    assert (settings.read, settings.write, settings.url) == (None, None, "")
    assert isinstance(asked.provider_settings("aws", write=False), Gap), "it needs a credential of the organisation's"
    assert isinstance(config.Config().provider_settings("buildkite", write=False), Gap)
