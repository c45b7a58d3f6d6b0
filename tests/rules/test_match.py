"""Finding: parts joined by nearness, context, what one value may be claimed by, and properties on any bytes."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import Rule, expand, load
from rules.checks import accepts, entropy, placeholder
from rules.examples import ALPHABETS
from rules.light import everything, from_cache, light, named, superset, to_cache
from rules.match import Match, find, resolve, stretches
from rules.pairing import pair
from rules.spans import compiled
from tests import needs

RULESET = load()
LIGHT = {rule.kind: rule for rule in light(RULESET)}
RULES = {rule.kind: rule for rule in RULESET.rules}


def run(alphabet: str, size: int, seed: int) -> bytes:
    chance = random.Random(f"{alphabet}{size}{seed}")
    while placeholder(text := bytes(chance.choice(ALPHABETS[alphabet]) for _ in range(size))):
        pass
    return text


def key_id(seed: int, prefix: bytes = b"AK" + b"IA") -> bytes:
    return prefix + run("base32", 16, seed)


def secret(seed: int) -> bytes:
    return run("base64", 40, seed)


def values(match: Match, content: bytes) -> list[bytes]:
    return [content[start:end] for _, start, end in match.spans]


def find_all(content: bytes) -> list[Match]:
    return resolve(match for rule in LIGHT.values() for match in find(rule, content))


def kinds(content: bytes) -> list[str]:
    return [match.kind for match in find_all(content)]


@pytest.mark.parametrize(
    "layout",
    [
        "id={i}\nsecret={s}\n",
        "secret={s}\nid={i}\n",
        "{i},{s}\n",
        "{s},{i}\n",
        '{{"AccessKeyId": "{i}", "SecretAccessKey": "{s}"}}\n',
        "[p]\naws_access_key_id = {i}\naws_secret_access_key = {s}\nregion = eu-west-1\n\n",
    ],
)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_several_pairs_in_one_file_are_joined_rightly_in_every_layout(layout: str, count: int) -> None:
    content = "".join(layout.format(i=key_id(n).decode(), s=secret(n).decode()) for n in range(count)).encode()
    found = find(LIGHT["aws.access_key"], content)
    assert [values(match, content) for match in found] == [[key_id(n), secret(n)] for n in range(count)]
    assert {match.confidence for match in found} == {"high"}


def test_a_secret_between_two_ids_goes_to_the_nearer_and_the_other_stays_alone() -> None:
    content = key_id(1) + b"\n# unrelated words\n# more of them\n" + key_id(2) + b" " + secret(1)
    first, second = find(LIGHT["aws.access_key"], content)
    assert (values(first, content), first.confidence) == ([key_id(1)], "medium")
    assert (values(second, content), second.confidence) == ([key_id(2), secret(1)], "high")


def test_a_secret_far_from_the_id_is_not_its_part() -> None:
    content = key_id(1) + b"\n" * 30 + secret(1)
    (match,) = find(LIGHT["aws.access_key"], content)
    assert values(match, content) == [key_id(1)]


def test_a_required_part_that_is_absent_drops_the_finding() -> None:
    content = b"AWS_ACCESS_KEY_ID=" + key_id(1, b"AS" + b"IA")
    assert find(LIGHT["aws.session"], content) == []


def test_session_credentials_are_one_finding_of_three_parts() -> None:
    token = b"IQ" + b"oJ" + run("base64", 300, 1)
    lines = [b"AWS_ACCESS_KEY_ID=" + key_id(1, b"AS" + b"IA"), b"AWS_SECRET_ACCESS_KEY=" + secret(1)]
    content = b"\n".join([*lines, b"AWS_SESSION_TOKEN=" + token])
    (match,) = find_all(content)
    assert match.kind == "aws.session"
    assert [name for name, _, _ in match.spans] == ["id", "secret", "session_token"]
    assert values(match, content) == [key_id(1, b"AS" + b"IA"), secret(1), token]


def test_the_pair_claims_the_secret_that_a_lone_rule_would_find_too() -> None:
    lone = b"AWS_SECRET_ACCESS_KEY=" + secret(1)
    assert kinds(lone) == ["aws.secret_access_key"]
    assert kinds(b"AWS_ACCESS_KEY_ID=" + key_id(1) + b"\n" + lone) == ["aws.access_key"]


def test_one_secret_near_a_long_lived_and_a_session_id_goes_to_the_nearer() -> None:
    content = key_id(1, b"AS" + b"IA") + b"\n# words between\n" + key_id(2) + b"\n" + secret(1)
    (match,) = find_all(content)
    assert (match.kind, values(match, content)) == ("aws.access_key", [key_id(2), secret(1)])


def test_a_known_token_in_a_url_is_reported_as_itself() -> None:
    rule = RULES["github.pat.classic"]
    content = b"origin https://bot:" + expand(rule, "ghp_<base62:30><checksum>", 0) + b"@github.com/corp/app.git"
    assert kinds(content) == ["github.pat.classic"]


def test_a_service_accounts_private_key_is_part_of_its_finding() -> None:
    rule = RULES["gcp.service_account"]
    content = expand(rule, rule.examples[0], 0)
    (match,) = find_all(content)
    assert match.kind == "gcp.service_account"
    assert [name for name, _, _ in match.spans] == ["id", "secret", "client_email"]


def test_an_entra_secrets_client_id_is_part_of_its_finding_where_it_stands_near() -> None:
    rule = RULES["azure.client_secret"]
    client = b"AZURE_CLIENT_ID=2f1c3b4a-5d6e-4f70-8a9b-0c1d2e3f4a5b\n"
    content = expand(rule, "AZURE_CLIENT_SECRET=<base62:3>8Q~<b64url:34>\n", 0)
    (alone,), (near,) = find_all(content), find_all(client + content)
    assert ([name for name, _, _ in alone.spans], alone.confidence) == (["secret"], "high")
    assert [name for name, _, _ in near.spans] == ["secret", "client_id"]


def test_a_key_body_has_no_line_ends_of_its_armour_around_it() -> None:
    rule = RULES["private_key.rsa"]
    for index, template in enumerate(rule.examples):
        content = expand(rule, template, index)
        ((body,),) = [values(match, content) for match in find(LIGHT[rule.kind], content)]
        assert body[:1].isalnum() or body[:1] in b"+/"
        assert not body.endswith((b"\n", b"\\n", b" "))


def test_resolve_keeps_what_does_not_overlap_and_drops_the_generic() -> None:
    specific = Match("a.key", (("secret", 10, 50),), 10, 50, "high")
    generic = Match("url.basic_auth", (("secret", 10, 50),), 10, 50, "medium")
    inside = Match("b.low", (("secret", 20, 30),), 20, 30, "low")
    apart = Match("c.low", (("secret", 60, 70),), 60, 70, "low")
    assert resolve([apart, inside, generic, specific]) == [specific, apart]
    assert resolve([]) == []


def test_resolve_does_not_depend_on_the_order() -> None:
    content = b"\n".join(expand(r, r.examples[0], 0) for r in RULES.values())
    found = [match for rule in LIGHT.values() for match in find(rule, content)]
    shuffled = found[:]
    random.Random(1).shuffle(shuffled)
    assert resolve(found) == resolve(shuffled)


PLACEHOLDERS = [
    b"aws_access_key_id = "
    + b"AKIA"
    + b"IOSFODNN7EXAMPLE\naws_secret_access_key = "
    + b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    b"postgres://postgres:postgres@localhost:5432/test",
    b"DATABASE_URL=mysql://root:${MYSQL_ROOT_PASSWORD}@db/app",
    b"mongodb+srv://<user>:<password>@cluster0.abcde.mongodb.net/app",
    b"redis://:{{ redis_password }}@redis:6379/0",
    b"https://user:password@host.io/path http://foo:bar@baz.com https://username:token@git.corp.io",
    b"amqp://guest:guest@rabbit:5672/",
    b"SLACK_TOKEN=xoxb-your-token-here",
    b"SENDGRID_API_KEY=" + b"SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    b"Authorization: Bearer <your-token>",
    b"password=%s; Server=%s; Data Source=x",
    b"url = f'postgresql://{user}:{password}@{host}/{name}'",
    b"'postgres://' + user + ':' + password + '@' + host",
    b"postgresql://svc:$DB_PASSWORD@db/app",
    b"mysql://app:DB_PASSWORD@db/app",
    b"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_placeholders_do_not_alarm(text: bytes) -> None:
    assert kinds(text) == []


def test_near_words_count_only_within_their_lines() -> None:
    token = b"11" + run("hex", 32, 1)
    assert kinds(b"jenkins = x\n" + token) == ["jenkins.api_token"]
    assert kinds(b"jenkins = x\n" + b"\n" * 10 + token) == []


@given(st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_searched_without_an_error(content: bytes) -> None:
    for rule in LIGHT.values():
        check_shape(find(rule, content), content)


PIECES = [expand(rule, text, i) for rule in RULES.values() for i, text in enumerate(rule.examples[:2])]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_spans_lie_in_the_content_sorted_and_apart(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    found = [match for rule in LIGHT.values() for match in find(rule, content)]
    for rule in LIGHT.values():
        check_shape([match for match in found if match.kind == rule.kind], content)
    settled = resolve(found)
    assert resolve(settled) == settled
    assert settled == sorted(settled, key=lambda match: (match.start, match.end, match.kind))


def check_shape(found: list[Match], content: bytes) -> None:
    last = 0
    for match in found:
        assert match.spans[0][1:] == (match.start, match.end)
        assert last <= match.start < match.end
        assert all(0 <= start < end <= len(content) for _, start, end in match.spans)
        last = match.end


SEPARATORS = st.text(alphabet=" \t\n\r\"'`=:;,()[]{}<>|&!?#*", min_size=1, max_size=30).map(str.encode)
OPEN = {"django.secret_key.insecure", "checkout.secret_key", "convex.admin_key"}
"""Their values hold such signs themselves, or may not stand behind one of them."""
AFTERWARDS = SEPARATORS.filter(lambda text: not text.startswith(b"="))  # there it would be base64 padding


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if not rule.context])
@given(before=SEPARATORS, after=AFTERWARDS)
@settings(max_examples=5, deadline=None)
def test_a_planted_credential_is_found_between_any_separators(kind: str, before: bytes, after: bytes) -> None:
    rule = LIGHT[kind]
    sample = expand(RULES[kind], RULES[kind].examples[0], 0)
    (match,) = find(rule, sample)
    value = sample[match.start : match.end]
    # A value that is known by its surroundings (a URL, a variable's name) is planted with them.
    planted = value if find(rule, value) and kind not in OPEN else b"\n" + sample + b"\n"
    content = before + planted + after
    assert value in [content[m.start : m.end] for m in find(rule, content)]


def test_a_search_of_the_stretches_finds_what_a_search_of_the_whole_does() -> None:
    rule = LIGHT["github.pat.classic"]
    token = expand(RULES[rule.kind], "ghp_<base62:30><checksum>", 0)
    content = b"x " * 4000 + token + b" y" * 4000 + b" " + token
    whole = [match.start for match in find(rule, content)]
    parts = [low + match.start for low, high in stretches(rule, content) for match in find(rule, content[low:high])]
    assert whole == parts == [8000, len(content) - len(token)]
    assert sum(high - low for low, high in stretches(rule, content)) < 400


def test_light_rules_survive_the_cache() -> None:
    digest, again = from_cache(to_cache(RULESET))
    assert digest == RULESET.digest
    assert everything(again) == tuple(sorted(light(RULESET), key=lambda rule: rule.lead >= 0))
    assert [one.keywords for one in named(again)] == [rule.keywords for rule in light(RULESET) if rule.lead >= 0]
    assert again.lead == max(rule.lead for rule in light(RULESET))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"version": 0}', b'{"version": 1, "digest": "x", "rules": [[1]]}']
)
def test_a_damaged_cache_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_cache(data)


@pytest.mark.parametrize("at", [0, 3, 4, 100, -1])
def test_a_cache_with_one_wrong_byte_is_a_value_error(at: int) -> None:
    data = bytearray(to_cache(RULESET))
    data[at] ^= 1
    with pytest.raises(ValueError, match="not a rules cache"):
        from_cache(bytes(data))


def test_the_superset_of_a_pattern_matches_wherever_it_does() -> None:
    for kind, rule in LIGHT.items():
        for index, template in enumerate(RULES[kind].examples):
            assert compiled(superset(rule.pattern)).search(expand(RULES[kind], template, index)), kind


def test_matching_needs_no_heavy_import() -> None:
    heavy = ("cattrs", "tomllib", "offkey.model", "dataclasses")
    code = f"import sys, rules.match, rules.light; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_pairing_of_very_many_falls_back_to_the_next_free_one() -> None:
    anchors = [(100 * n, 100 * n + 20) for n in range(400)]
    candidates = [(100 * n + 30, 100 * n + 70) for n in range(400)]
    assert pair(anchors, [(0, 40_000)] * 400, candidates) == candidates


def test_entropy_is_in_bits_per_byte() -> None:
    assert entropy(b"") == 0
    assert entropy(b"aaaa") == 0
    assert entropy(b"abcd") == 2
    assert entropy(bytes(range(256))) == 8


def test_accepts_refuses_templates_runs_and_stairs() -> None:
    assert accepts(run("base62", 32, 1))
    for value in (b"${TOKEN}", b"{{ token }}", b"ab" + b"x" * 20, b"q9abcdefghz", b"q987654321z", b"my-EXAMPLE-key"):
        assert not accepts(value)
    assert not accepts(b"hello-there", reject=(b"hello",))


def test_expansion_is_the_same_each_time_and_differs_by_index() -> None:
    rule: Rule = RULES["github.pat.classic"]
    template = "ghp_<base62:30><checksum>"
    assert expand(rule, template, 0) == expand(rule, template, 0) != expand(rule, template, 1)
    assert expand(rule, "<your-token> <b>", 0) == b"<your-token> <b>"


def test_values_that_stand_one_separator_apart_are_all_found() -> None:
    for kind in ("okta.api_token", "azure.client_secret", "telegram.bot", "jwt.token", "twilio.auth_token"):
        rule = RULES[kind]
        sample = expand(rule, rule.examples[0], 0)
        value = sample[slice(*find(LIGHT[kind], sample)[0].spans[-1][1:])]
        if kind.startswith("twilio"):
            pairs = [b"AC" + run("hex", 32, n) + b"," + run("hex", 32, n + 9) for n in range(3)]
            content = b"twilio " + b",".join(pairs)
        else:
            content = b"# okta\n" + b",".join([value] * 3) + b"\n"
        assert len(find(LIGHT[kind], content)) == 3, kind


@needs.OPENSSH
@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["-t", "ed25519"], "private_key.openssh"),
        (["-t", "rsa", "-m", "PEM"], "private_key.rsa"),
        (["-t", "ecdsa", "-m", "PEM"], "private_key.ec"),
        (["-t", "ecdsa", "-m", "PKCS8"], "private_key.pkcs8"),
    ],
)
def test_real_keys_are_found_however_their_lines_are_written(options: list[str], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", *options, "-N", "", "-f", str(path)], check=True)
    lines = path.read_bytes().splitlines()
    quoted = b"\n".join(b'"' + line + b'\\n"' for line in lines)
    for text in (
        b"\n".join(lines),
        b"\r\n".join(lines),
        b"\\n".join(lines),
        b" ".join(lines),
        b"\n    ".join(lines),
        quoted,
    ):
        assert kinds(text) == [kind]
