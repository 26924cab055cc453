"""How fast this machine trains and draws, as a share of what it could do at best."""

from kaogan.bench.floor import Limits, Work, measure_limits, step_work
from kaogan.bench.measure import Measurement, measure

__all__ = ["Limits", "Measurement", "Work", "measure", "measure_limits", "step_work"]
