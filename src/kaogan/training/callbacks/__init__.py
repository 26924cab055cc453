"""Those who watch a training: each writes, draws, saves or warns; none changes the game."""

from kaogan.training.callbacks.best_effort import BestEffort
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.callbacks.curves import Curves
from kaogan.training.callbacks.evaluation import FEWEST, Evaluation
from kaogan.training.callbacks.health import Health
from kaogan.training.callbacks.metrics_log import MetricsLog, TensorBoard
from kaogan.training.callbacks.nan_guard import Diverged, NaNGuard
from kaogan.training.callbacks.samples import Samples
from kaogan.training.callbacks.scenes import Scenes
from kaogan.training.callbacks.scores import Scores
from kaogan.training.callbacks.side_by_side import SideBySide
from kaogan.training.callbacks.timelapse import Timelapse

__all__ = [
    "FEWEST",
    "BestEffort",
    "Checkpoints",
    "Curves",
    "Diverged",
    "Evaluation",
    "Health",
    "MetricsLog",
    "NaNGuard",
    "Samples",
    "Scenes",
    "Scores",
    "SideBySide",
    "TensorBoard",
    "Timelapse",
]
