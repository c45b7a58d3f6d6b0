"""Which secret belongs to which id, where a file holds several of both.

On a line of text the cheapest matching never crosses, so an alignment over both sorted lists finds it: as many pairs
as possible, then the least distance in all. Taking the nearest for each alone would fail on the commonest layout
(id, secret, id, secret): the first secret is as near to the second id as to its own.
"""

Span = tuple[int, int]
_ALIGN_UP_TO = 10_000  # cells; a cluster beyond it is no configuration file, and each anchor takes the next free one


def pair(anchors: list[Span], windows: list[Span], candidates: list[Span]) -> list[Span | None]:
    """For each anchor its candidate or None; a candidate lies in the anchor's window and goes to one anchor only.

    All three are sorted by start; `windows[i]` is the window of `anchors[i]`.
    """
    chosen: list[Span | None] = [None] * len(anchors)
    first = 0
    for low, high in _clusters(windows):
        last = first
        reach = max(window[1] for window in windows[low:high])
        while last < len(candidates) and candidates[last][1] <= reach:
            last += 1
        group, first = candidates[first:last], last
        align = _aligned if (high - low + 1) * (len(group) + 1) <= _ALIGN_UP_TO else _greedy
        chosen[low:high] = align(anchors[low:high], windows[low:high], group)
    return chosen


def _clusters(windows: list[Span]) -> list[tuple[int, int]]:
    """Index ranges of windows that overlap in a chain."""
    starts = [0] if windows else []
    reach = windows[0][1] if windows else 0
    for i, (low, high) in enumerate(windows):
        if low > reach:
            starts.append(i)
        reach = max(reach, high)
    return list(zip(starts, [*starts[1:], len(windows)], strict=True))


def _gap(anchor: Span, candidate: Span) -> int:
    return max(candidate[0] - anchor[1], anchor[0] - candidate[1], 0)


def _fits(window: Span, candidate: Span) -> bool:
    return window[0] <= candidate[0] and candidate[1] <= window[1]


def _aligned(anchors: list[Span], windows: list[Span], candidates: list[Span]) -> list[Span | None]:
    """Dynamic programme over (anchors left, candidates left): cost is (anchors without a part, total distance)."""
    rows, columns = len(anchors), len(candidates)
    best: list[list[tuple[int, int]]] = [[(rows - i, 0)] * (columns + 1) for i in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            without = best[i + 1][j]
            options = [best[i][j + 1], (without[0] + 1, without[1])]
            if _fits(windows[i], candidates[j]):
                rest = best[i + 1][j + 1]
                options.append((rest[0], rest[1] + _gap(anchors[i], candidates[j])))
            best[i][j] = min(options)
    chosen: list[Span | None] = []
    i = j = 0
    while i < rows:
        if j == columns:
            chosen.append(None)
            i += 1
        elif _fits(windows[i], candidates[j]) and best[i][j] == (
            best[i + 1][j + 1][0],
            best[i + 1][j + 1][1] + _gap(anchors[i], candidates[j]),
        ):
            chosen.append(candidates[j])
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            chosen.append(None)
            i += 1
    return chosen


def _greedy(anchors: list[Span], windows: list[Span], candidates: list[Span]) -> list[Span | None]:
    chosen: list[Span | None] = []
    j = 0
    for anchor, window in zip(anchors, windows, strict=True):
        while j < len(candidates) and candidates[j][1] <= anchor[0]:
            j += 1
        if j < len(candidates) and _fits(window, candidates[j]):
            chosen.append(candidates[j])
            j += 1
        else:
            chosen.append(None)
    return chosen
