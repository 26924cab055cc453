"""Those who watch a training: each writes, draws, saves or warns; none changes the game."""

from kaogan.training.observers.checkpoints import Checkpoints
from kaogan.training.observers.curves import Curves
from kaogan.training.observers.evaluation import FEWEST, Evaluation
from kaogan.training.observers.finite import Diverged, Finite
from kaogan.training.observers.health import Health
from kaogan.training.observers.lenient import Lenient
from kaogan.training.observers.log import Log, TensorBoard
from kaogan.training.observers.samples import Samples
from kaogan.training.observers.scenes import Scenes
from kaogan.training.observers.scores import Scores
from kaogan.training.observers.side_by_side import SideBySide
from kaogan.training.observers.timelapse import Timelapse

__all__ = [
    "FEWEST",
    "Checkpoints",
    "Curves",
    "Diverged",
    "Evaluation",
    "Finite",
    "Health",
    "Lenient",
    "Log",
    "Samples",
    "Scenes",
    "Scores",
    "SideBySide",
    "TensorBoard",
    "Timelapse",
]
