"""Makes ocsf-rules.json from a clone of github.com/ocsf/ocsf-schema (Apache-2.0): what the used classes require.

    python tests/data/prune_ocsf.py path/to/ocsf-schema 1.8.0=3dcb905d 1.9.0-dev=a5cfc68e > tests/data/ocsf-rules.json

Kept are names, types, requirements, enum values and constraints; profiles and descriptions are left out. An object that
is not in OBJECTS keeps no rules: a record that uses one is refused by the test.
"""

import json
import subprocess
import sys
from typing import Any

CLASSES = ("account_change", "user_access", "group_management", "entity_management", "user_management")
OBJECTS = ("metadata", "product", "user", "account", "group", "actor", "managed_entity", "policy")


def read(repo: str, commit: str, path: str) -> dict[str, Any]:
    told = subprocess.run(["git", "-C", repo, "show", f"{commit}:{path}"], capture_output=True, check=False)
    found: dict[str, Any] = json.loads(told.stdout) if told.returncode == 0 else {}
    return found


def flattened(repo: str, commit: str, folder: str, name: str) -> dict[str, Any]:
    """A class or object with what it inherits."""
    parents = {"base_event": "events/base_event.json", "iam": "events/iam/iam.json"}
    own = read(repo, commit, parents.get(name, f"{folder}/{name}.json"))
    above = flattened(repo, commit, folder, own["extends"]) if "extends" in own else {"attributes": {}}
    attributes = dict(above["attributes"])
    for key, rule in own.get("attributes", {}).items():
        if key != "$include" and not rule.get("profile"):
            merged = {**attributes.get(key, {}), **rule}
            merged["enum"] = {**attributes.get(key, {}).get("enum", {}), **rule.get("enum", {})}
            attributes[key] = merged
    constraints = own.get("constraints", above.get("constraints", {}))
    return {"uid": own.get("uid", 0), "attributes": attributes, "constraints": constraints}


def pruned(entry: dict[str, Any], dictionary: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for key, rule in sorted(entry["attributes"].items()):
        known = dictionary["attributes"].get(key, {})
        enum = {**known.get("enum", {}), **rule.get("enum", {})}
        made[key] = {
            "requirement": rule.get("requirement") or known.get("requirement") or "optional",
            "type": rule.get("type") or known.get("type", ""),
            "array": bool(rule.get("is_array", known.get("is_array", False))),
            "enum": {number: each.get("caption", "") for number, each in sorted(enum.items())},
        }
    return {"uid": entry["uid"], "attributes": made, "constraints": entry["constraints"]}


def of_category(entry: dict[str, Any], category: int) -> dict[str, Any]:
    """A class with the numbers that the schema's compiler gives it."""
    uid = category * 1000 + entry["uid"]
    types = {str(uid * 100 + int(activity)): "" for activity in entry["attributes"]["activity_id"]["enum"]}
    entry["attributes"]["category_uid"]["enum"] = {str(category): ""}
    entry["attributes"]["class_uid"]["enum"] = {str(uid): ""}
    entry["attributes"]["type_uid"]["enum"] = types
    return entry


def main(repo: str, *versions: str) -> None:
    rules: dict[str, Any] = {"origin": "github.com/ocsf/ocsf-schema, Apache-2.0", "versions": {}}
    for version, commit in (each.split("=") for each in versions):
        dictionary = read(repo, commit, "dictionary.json")
        assert read(repo, commit, "version.json")["version"] == version
        category = read(repo, commit, "categories.json")["attributes"]["iam"]["uid"]
        present = [name for name in CLASSES if read(repo, commit, f"events/iam/{name}.json")]
        rules["versions"][version] = {
            "commit": commit,
            "category": category,
            "classes": {
                n: of_category(pruned(flattened(repo, commit, "events/iam", n), dictionary), category) for n in present
            },
            "objects": {n: pruned(flattened(repo, commit, "objects", n), dictionary) for n in OBJECTS},
            "types": {n: t.get("type", n) for n, t in sorted(dictionary["types"]["attributes"].items())},
        }
    json.dump(rules, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
