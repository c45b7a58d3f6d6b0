"""What an opt-out covers. Pure. A scope names everything that it covers, and nothing is covered by leaving it out."""

from collections.abc import Collection, Iterable

from offkey.model import AccessPoint, Action, OptOut, Scope

ENDING = frozenset({Action.DISABLE, Action.REVOKE, Action.REMOVE})
ACTIONS = ENDING | {Action.REPLACE, Action.ROTATE, Action.REWRITE, Action.HAND_OVER}
"""Actions that an opt-out can keep from being done."""
_ALSO = {
    Action.DISABLE: ENDING - {Action.DISABLE},
    Action.REPLACE: ENDING,
}
"""What would be done without its first half: a deletion of what stays on, the end of what has no successor."""
_EVERYTHING = frozenset({"", "*", "all", "any", "everything"})


def covers(scope: Scope, point: AccessPoint, action: Action) -> bool:
    """Whether doing `action` to `point` is in a sound scope; an unsound one covers nothing."""
    if fault(scope) or action not in scope.actions or point.provider not in scope.systems:
        return False
    if scope.kinds and point.kind not in scope.kinds:
        return False
    return not scope.credentials or bool(names(point) & set(scope.credentials))


def names(point: AccessPoint) -> set[str]:
    """By what a scope can name this one credential."""
    by_id = {f"{point.provider}:{point.provider_id}"} if point.provider_id else set()
    return {point.id, *filter(None, [point.fingerprint]), *by_id}


def fault(scope: Scope) -> str:
    """What is wrong with a scope by itself; empty where nothing is."""
    if not scope.systems or not scope.actions:
        return "an opt-out names at least one system and one action"
    for name in (*scope.systems, *scope.kinds, *scope.credentials):
        if name.strip().casefold() in _EVERYTHING or "*" in name:
            return f"{name!r} stands for everything; an opt-out names what it covers"
    wrong = [action for action in scope.actions if action not in ACTIONS]
    if wrong:
        return f"{wrong[0].value} is nothing that an opt-out can keep from being done"
    for action, also in _ALSO.items():
        lacking = sorted(one.value for one in also - set(scope.actions)) if action in scope.actions else []
        if lacking:
            return f"without {' and '.join(lacking)} what {action.value} was not done to would be ended for good"
    return ""


def too_wide(scope: Scope, configured: Collection[str], kinds: Collection[str]) -> str:
    """Why a scope is as good as everything, given the configured instances and their kinds; empty where it is not."""
    if scope.credentials or not configured or not set(configured) <= set(scope.systems):
        return ""
    if scope.kinds and not set(kinds) <= set(scope.kinds):
        return ""
    return "every configured system is named, and no kind or credential is left out: that is everything"


def words(scope: Scope) -> str:
    """A scope in one line."""
    parts = [f"{', '.join(action.value for action in scope.actions)} at {', '.join(scope.systems)}"]
    parts += [f"of {', '.join(scope.kinds)}"] if scope.kinds else []
    parts += [f"only {', '.join(scope.credentials)}"] if scope.credentials else []
    return " ".join(parts)


def keeping(
    optouts: Iterable[OptOut], point: AccessPoint, action: Action, *, with_its_end: bool = False
) -> OptOut | None:
    """The first of these (by id) whose scope covers this. `with_its_end`: a removal from code stays undone, too, where
    the end of the credential is covered, since what lives is not taken out of the code.
    """
    wanted = {action} | (ACTIONS if with_its_end and action is Action.REWRITE else set())
    for optout in sorted(optouts, key=lambda one: one.id):
        if any(covers(optout.scope, point, one) for one in sorted(wanted)):
            return optout
    return None
