"""The ledger's mathematics against RFC 6962's vectors and a second, plain implementation."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offboarding.ledger import chain, merkle
from offkey.model import Action, AuditEvent
from offkey.secret import Secret, SecretLeak

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

# The test vectors of the Certificate Transparency reference implementation for RFC 6962
# (google/certificate-transparency, merkletree/merkle_tree_test.cc): eight entries, the root after each.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def plain_root(entries: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + plain_root(entries[:k]) + plain_root(entries[k:])).digest()


def events(count: int, *, salt: str = "") -> list[AuditEvent]:
    made: list[AuditEvent] = []
    for number in range(count):
        made.append(
            chain.next_event(
                made[-1] if made else None,
                at=START + timedelta(minutes=number),
                actor="sec@example.com",
                type="step.intent" if number % 2 else "step.receipt",
                run=f"run-{number % 3}",
                body={"step": f"s{number}{salt}", "tries": number, "deep": {"list": [1, None, True, "ü"]}},
            )
        )
    return made


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    expected = hashlib.sha256(b"").hexdigest() if size == 0 else ROOTS[size - 1]
    assert merkle.merkle_root(ENTRIES[:size]).hex() == expected


def test_published_inclusion_and_consistency_proofs_are_reproduced() -> None:
    assert [node.hex() for node in merkle.Tree(ENTRIES).inclusion(0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [node.hex() for node in merkle.Tree(ENTRIES[:5]).consistency(2)] == [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]


@given(st.lists(st.binary(max_size=5), max_size=70))
@settings(deadline=None)
def test_the_one_pass_root_equals_the_recursive_definition(entries: list[bytes]) -> None:
    assert merkle.merkle_root(entries) == plain_root(entries)


@pytest.mark.parametrize("size", range(1, 20))
def test_every_entry_is_proved_included_and_no_other_is(size: int) -> None:
    entries = [bytes([number]) for number in range(size)]
    root = plain_root(entries)
    for index in range(size):
        proof = merkle.Tree(entries).inclusion(index)
        assert merkle.verify_inclusion(entries[index], index, size, proof, root)
        assert not merkle.verify_inclusion(b"other", index, size, proof, root)
        assert not merkle.verify_inclusion(entries[index], index, size, [*proof, root], root)
        assert not any(
            merkle.verify_inclusion(entries[index], wrong, size, proof, root) for wrong in range(size) if wrong != index
        )
        if proof:
            assert not merkle.verify_inclusion(entries[index], index, size, proof[:-1], root)


@pytest.mark.parametrize("second", range(1, 20))
def test_every_prefix_is_proved_consistent_and_no_fork_is(second: int) -> None:
    entries = [bytes([number]) for number in range(second)]
    root = plain_root(entries)
    for first in range(1, second + 1):
        proof = merkle.Tree(entries).consistency(first)
        fork = plain_root([*entries[: first - 1], b"forged"])
        assert merkle.verify_consistency(first, second, plain_root(entries[:first]), root, proof)
        assert not merkle.verify_consistency(first, second, fork, root, proof)
        assert not merkle.verify_consistency(first, second, plain_root(entries[:first]), fork, proof) or first == second
        assert not merkle.verify_consistency(first, second, plain_root(entries[:first]), root, [*proof, root])


def test_proofs_of_what_is_not_there_are_refused() -> None:
    with pytest.raises(IndexError):
        merkle.Tree([b"a"]).inclusion(1)
    with pytest.raises(IndexError):
        merkle.Tree([b"a"]).consistency(0)
    assert not merkle.verify_inclusion(b"a", 5, 3, [], b"")
    assert not merkle.verify_consistency(0, 3, b"", b"", [])


def test_an_intact_chain_says_what_it_cannot_exclude() -> None:
    verdict = chain.verify_chain(events(7))
    assert verdict.ok
    assert not verdict.anchored
    assert verdict.text == "self-consistent; replacement cannot be excluded"


@pytest.mark.parametrize("then", [0, 1, 4, 7])
def test_with_an_outside_checkpoint_a_longer_chain_is_anchored(then: int) -> None:
    all_events = events(7)
    verdict = chain.verify_chain(all_events, chain.checkpoint(all_events[:then], START))
    assert verdict.ok
    assert verdict.anchored


@pytest.mark.parametrize("kept", range(6))
def test_a_cut_tail_is_found_with_a_checkpoint_kept_elsewhere(kept: int) -> None:
    all_events = events(6)
    kept_elsewhere = chain.checkpoint(all_events, START)
    assert chain.verify_chain(all_events[:kept]).ok
    verdict = chain.verify_chain(all_events[:kept], kept_elsewhere)
    assert not verdict.ok
    assert "cut off" in verdict.text


def test_a_whole_replacement_is_found_with_a_checkpoint_kept_elsewhere() -> None:
    forged = events(6, salt="x")
    assert chain.verify_chain(forged).ok
    assert "replaced" in chain.verify_chain(forged, chain.checkpoint(events(6), START)).text


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_any_changed_field_of_any_event_is_found(data: st.DataObject) -> None:
    original = events(5)
    index = data.draw(st.integers(0, 4))
    event = original[index]
    flip = st.integers(0, 10_000)
    position = data.draw(flip)
    changed = data.draw(
        st.sampled_from(
            [
                replace(event, seq=event.seq + 1 + position),
                replace(event, at=event.at + timedelta(microseconds=1 + position)),
                replace(event, actor=_flipped(event.actor, position)),
                replace(event, type=_flipped(event.type, position)),
                replace(event, run=_flipped(event.run, position)),
                replace(event, prev=_flipped(event.prev, position)),
                replace(event, hash=_flipped(event.hash, position)),
                replace(event, body={**event.body, "step": _flipped(event.body["step"], position)}),
                replace(event, body={**event.body, "more": position}),
                replace(event, body={key: value for key, value in event.body.items() if key != "tries"}),
            ]
        )
    )
    assert not chain.verify_chain([*original[:index], changed, *original[index + 1 :]]).ok


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_changed_event_with_its_hash_made_to_fit_is_found_by_the_next(data: st.DataObject) -> None:
    original = events(5)
    index = data.draw(st.integers(0, 3))
    changed = replace(original[index], actor="someone@example.com")
    fitted = replace(changed, hash=chain.event_hash(changed))
    verdict = chain.verify_chain([*original[:index], fitted, *original[index + 1 :]])
    assert not verdict.ok
    assert f"event {index + 2}" in verdict.text


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_dropped_reordered_and_repeated_events_are_found(data: st.DataObject) -> None:
    original = events(6)
    kept_elsewhere = chain.checkpoint(original, START)
    i, j = data.draw(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]))
    swapped = list(original)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    repeated = [*original[: i + 1], *original[i:]]
    dropped = [*original[:i], *original[i + 1 :]]
    assert not chain.verify_chain(swapped).ok
    assert not chain.verify_chain(repeated).ok
    assert not chain.verify_chain(dropped, kept_elsewhere).ok
    if i < 5:
        assert not chain.verify_chain(dropped).ok


def test_records_of_the_model_become_plain_json_and_secrets_never_do() -> None:
    event = chain.next_event(None, at=START, actor="a", type="t", run="r", body={"action": Action.REVOKE, "at": START})
    assert event.body == {"action": "REVOKE", "at": "2026-11-01T09:00:00Z"}
    with pytest.raises(SecretLeak):
        chain.next_event(None, at=START, actor="a", type="t", run="r", body={"deep": [Secret(b"x")]})


def _flipped(text: str, position: int) -> str:
    at = position % len(text)
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
