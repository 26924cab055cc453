"""What this machine could do at best, measured in turn with the contenders of speed.py."""

import dataclasses

import torch

from kaogan import recipes
from kaogan.bench import measure_limits, step_work
from kaogan.training.memory import machine
from worker import About, Orders, Task, serve

CPU = torch.device("cpu")


def load(task: Task) -> tuple[About, Orders]:
    """Count the work of a step; offer to measure the limits, in each precision of the task."""
    if task["threads"]:
        torch.set_num_threads(task["threads"])
    recipe = recipes.dcgan(batch=task["batch"], width=task["width"])
    works = {precision: step_work(recipe, precision) for precision in task["precisions"]}

    def measure(times: int) -> dict[str, dict[str, float]]:
        """For each precision the peak, the bandwidth, and the least seconds of a step."""
        found = {}
        for precision, work in works.items():
            limits = measure_limits(CPU, precision)
            found[precision] = {**dataclasses.asdict(limits), "seconds": limits.floor(work)}
        return found

    about = {
        "machine": machine(),
        "work": {precision: dataclasses.asdict(work) for precision, work in works.items()},
    }
    return about, {"measure": measure}


if __name__ == "__main__":
    serve(load)
