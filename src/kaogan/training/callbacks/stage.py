"""The words for what happens after the last step."""

from kaogan.progress import Tracker
from kaogan.training.trainer import Callback, Trainer


class Stage(Callback):
    """Says on the progress line what the callbacks after it do when the training ends."""

    def __init__(self, tracker: Tracker, activity: str) -> None:
        self.tracker, self.activity = tracker, activity

    def finish(self, trainer: Trainer) -> None:
        self.tracker.doing(self.activity)
