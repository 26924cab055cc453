"""How fast this machine trains and draws, and how near that is to what it could do."""

from kaogan.bench.floor import Limits, Work, measure_limits, step_work
from kaogan.bench.measure import Measurement, measure

__all__ = ["Limits", "Measurement", "Work", "measure", "measure_limits", "step_work"]
