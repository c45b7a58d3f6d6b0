"""All of a small target in one worker: read, searched and attributed, so that many of them keep every core busy."""

from dataclasses import replace

from scanner.commits.attribution import attribute
from scanner.commits.near import Near
from scanner.commits.past import dump
from scanner.findings import alike_of, places_of
from scanner.workers.examine import Worker
from scanner.workers.rounds import Rounds
from scanner.workers.tally import Tally, Whole
from scanner.workers.work import Outcome, Task


class WholeWorker:
    """A worker that takes whole targets, too. `rounds` is a copy of those that the tasks come from."""

    def __init__(self, worker: Worker, rounds: Rounds) -> None:
        self._worker = worker
        self._rounds = rounds

    def examine(self, task: Task) -> Outcome | Whole:
        """As `Worker.examine`; of a `whole` task all that its target holds."""
        return self._whole(task.target) if task.whole else self._worker.examine(task)

    def close(self) -> None:
        self._worker.close()

    def _whole(self, number: int) -> Whole:
        source = self._rounds.sources[number]
        assert source.git is not None
        tally = Tally([], self._rounds.sources)
        alone = replace(self._rounds.options, jobs=1)
        rounds = replace(
            self._rounds,
            options=alone,
            tally=tally,
            stores={},
            pasts={},
            numbers=(number,),
            afresh=True,
            attributing=None,
        )
        for tasks in rounds:
            for task in tasks:
                tally.add(self._worker.examine(task._replace(keep=True)))
        self._worker.leave(number)
        held = places_of(tally.hits(), source)
        forest = tally.forests.get(number)
        near = Near(forest) if forest is not None and forest.whole else None
        alike = alike_of(tally.hits())
        told = attribute(source.git, held, jobs=1, forest=forest, near=near, alike=alike) if held else None
        past = None
        if told is not None:
            past = dump(told.past) if told.past is not None and rounds.memory is not None else None
            told = replace(told, past=None)
        return tally.whole(number, told=told, store=rounds.stores.get(number), past=past)
