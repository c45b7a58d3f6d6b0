"""The checker itself: it accepts what the descriptions say and refuses what they do not."""

import pytest

from tests.contracts import contract


def test_an_answer_that_lacks_a_required_field_is_refused():
    with pytest.raises(AssertionError, match="'url' is a required property"):
        contract("slack").check_answer("POST", "/auth.test", 200, {"ok": True, "team": "x"})
    with pytest.raises(AssertionError, match="required property"):
        contract("github").check_answer("GET", "/orgs/acme/members", 200, [{"login": "ann"}])


def test_an_unknown_operation_and_an_undescribed_status_are_refused():
    with pytest.raises(AssertionError, match="no operation"):
        contract("github").match("DELETE", "/user")
    with pytest.raises(AssertionError, match="does not describe status 418"):
        contract("github").check_answer("GET", "/orgs/acme", 418, {})


def test_a_slack_error_is_held_against_the_default_answer_although_its_status_is_200():
    contract("slack").check_answer("POST", "/auth.test", 200, {"ok": False, "error": "invalid_auth"})
    with pytest.raises(AssertionError, match="is not one of"):
        contract("slack").check_answer("POST", "/auth.test", 200, {"ok": False, "error": "made_up"})


def test_a_reference_may_hold_slashes_and_nothing_else_may():
    path, _ = contract("github").match("GET", "/repos/acme/shop/git/ref/heads/fix/keys")
    assert path == "/repos/{owner}/{repo}/git/ref/{ref}"
    with pytest.raises(AssertionError, match="no operation"):
        contract("github").match("GET", "/orgs/acme/x/memberships/ann")


def test_a_request_body_is_held_against_its_schema():
    path = "/orgs/acme/personal-access-tokens/7"
    contract("github").check_body("POST", path, {"action": "revoke"})
    with pytest.raises(AssertionError, match="is not one of"):
        contract("github").check_body("POST", path, {"action": "destroy"})


def test_a_null_is_accepted_only_where_the_description_says_nullable():
    github = contract("github")
    github.validate({"$ref": "#/components/schemas/nullable-simple-user"}, None, "user")
    with pytest.raises(AssertionError):
        github.validate({"$ref": "#/components/schemas/simple-user"}, None, "user")


@pytest.mark.parametrize("name", ["github", "github-enterprise-cloud", "slack", "npm", "sendgrid"])
def test_descriptions_of_every_format_can_be_read(name):
    loaded = contract(name)
    template, item = next(iter(loaded.document["paths"].items()))
    method = next(verb for verb in item if verb in ("get", "post", "put", "patch", "delete"))
    assert loaded.match(method, template.replace("{", "").replace("}", ""))[0]
