"""Compiled networks, and steps recorded as one graph."""

import shutil
import sys
from typing import Literal

import pytest
import torch
from tape import record
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from toys import (
    MODERN,
    AdaptiveJitter,
    Jitter,
    log_text,
    make_trainer,
    points_trainer,
    same,
    snapshot,
    tiny_recipe,
)

from kaogan.contracts import Model, Norm, Penalty
from kaogan.data.batches import ImageBatches
from kaogan.losses import R1, R2, GradientPenalty, NonSaturating, Relativistic
from kaogan.progress import Silent
from kaogan.training import accelerate as acceleration
from kaogan.training import checkpoints
from kaogan.training.accelerate import accelerate, capture_steps, compile_networks, cuda_graph
from kaogan.training.callbacks.metrics_log import MetricsLog
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.recipe import Budget
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import StepInputs, Trainer

CPU = torch.device("cpu")
META = torch.device("meta")

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None or sys.platform == "win32", reason="needs g++"
)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def pictures_trainer(dataset, compute=None, augmentation=None, **options) -> Trainer:
    compute = compute or Compute(CPU, "fp32")
    codes = None
    if "attributes" in options:  # of a category and a number
        numbers = torch.rand(2, len(dataset.train), generator=torch.Generator().manual_seed(0))
        codes = torch.stack([(3 * numbers[0]).floor(), numbers[1]], 1).numpy()
    batches = ImageBatches(dataset.train, compute.device, 0, codes=codes)
    recipe = tiny_recipe(**options).model_copy(update={"augmentation": augmentation})
    return make_trainer(recipe, batches, compute)


# Compiled networks


class Lambda(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def test_when_compiling_fails_the_training_goes_on_as_if_nothing_had_been(
    dataset, tmp_path, monkeypatch
):
    def refuse(_):
        raise RuntimeError("no C++ compiler\nsecond line")

    def fail(network, dynamic):
        return torch.nn.Sequential(Lambda(refuse))

    trainers = [pictures_trainer(dataset) for _ in range(2)]
    for trainer in trainers:
        trainer.step()
    monkeypatch.setattr(torch, "compile", fail)
    before = snapshot(trainers[0].state)
    compile_networks(trainers[0], RunLog(tmp_path / "log.txt"))
    assert same(snapshot(trainers[0].state), before)
    assert trainers[0].state.numbers() == trainers[1].state.numbers()
    assert "torch.compile does not work here (no C++ compiler); training without it" in log_text(
        tmp_path
    )
    assert log_text(tmp_path).count("note: ") == 1
    for trainer in trainers:
        trainer.step()
    assert same(*(snapshot(trainer.state) for trainer in trainers))


@pytest.mark.slow
@needs_compiler
def test_a_compiled_training_is_the_same_training(tmp_path):
    plain, compiled = points_trainer(), points_trainer()
    before = snapshot(compiled.state)
    compile_networks(compiled, RunLog(tmp_path / "log.txt"))
    assert not (tmp_path / "log.txt").exists()
    assert compiled.generator is not compiled.state.generator
    assert same(snapshot(compiled.state), before)
    for _ in range(3):
        plain.step()
        compiled.step()
    for key, value in compiled.state.tensors().items():
        torch.testing.assert_close(value, plain.state.tensors()[key], rtol=1e-3, atol=1e-5)


class Unchecked(Model):
    """DCGAN's layers without its `forward`, whose shapes are checked in tests: that cannot be
    compiled."""

    name: Literal["unchecked"] = "unchecked"
    latent_dim: int = 8
    norm: Norm = "batch"

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return (3, 32, 32)

    def generator(self):
        layers = tiny_recipe().model.generator().layers
        return torch.nn.Sequential(torch.nn.Unflatten(1, (self.latent_dim, 1, 1)), *layers)

    def discriminator(self):
        layers = tiny_recipe(norm=self.norm).model.discriminator().layers
        return torch.nn.Sequential(*layers, torch.nn.Flatten(0))


PICTURE_OPTIONS = [
    {},
    {"norm": "spectral", "loss": "hinge"},
    {"norm": "spectral", "loss": "wasserstein", "penalties": {"gradient-penalty": 10.0}},
    MODERN,
    MODERN
    | {
        "attributes": [
            {"name": "hair", "kind": "categories", "values": ["pink", "blue", "black"]},
            {"name": "light", "kind": "number"},
        ]
    },
    {"norm": "none", "loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}, "packing": 2},
]


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("options", PICTURE_OPTIONS[:-1])
def test_compiled_networks_learn_the_same(dataset, tmp_path, monkeypatch, options):
    def place(compute, network):  # as on a GPU, with the library's convolutions
        return network.to(memory_format=torch.channels_last)

    monkeypatch.setattr(Compute, "place", place)
    asked = tiny_recipe(lr=2e-4, **options)
    recipe = asked.model_copy(update={"model": Unchecked(norm=asked.model.norm)})
    plain, compiled = (
        make_trainer(recipe, ImageBatches(dataset.train, CPU, 0), Compute(CPU, "bf16"))
        for _ in range(2)
    )
    compile_networks(compiled, RunLog(tmp_path / "log.txt"))
    assert compiled.generator is not compiled.state.generator
    means = [
        torch.stack([torch.stack(trainer.step()) for _ in range(60)]).view(3, 20, -1).mean(1)
        for trainer in (plain, compiled)
    ]
    # Rounding differs, and training magnifies it; losses, averaged over 20 steps, stay together.
    torch.testing.assert_close(means[1], means[0], rtol=0.1, atol=0.02)


# A step never waits for the device


# PyTorch has no Adam for this device; what counts is where the tensors are that it is given.
ON_META = torch.library.Library("aten", "IMPL")
ON_META.impl("_fused_adam_.tensor_lr", lambda *tensors, **numbers: None, "Meta")


class OnOneDevice(TorchDispatchMode):
    """Every operator's tensors are on the device; none is an operator that copies to another."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        tensors = [t for t in tree_leaves((args, kwargs, result)) if isinstance(t, torch.Tensor)]
        assert {tensor.device for tensor in tensors} <= {META}, func
        return result


def on_meta(trainer: Trainer) -> tuple[Trainer, StepInputs]:
    """The same training on a device that has no data: to read a number from it is an error."""
    state = TrainState.fresh(trainer.recipe, Compute(META, "fp32"))
    state.scalers = trainer.state.scalers
    meta = Trainer(trainer.recipe, state, trainer.batches, trainer.compute)
    return meta, StepInputs(*(tensor.to(META) for tensor in trainer.draw_inputs()))


@pytest.mark.parametrize("loss", [NonSaturating(), Relativistic()])
@pytest.mark.parametrize("penalties", [(), (R1(), R2()), (GradientPenalty(),)])
@pytest.mark.parametrize("augmentation", [None, Jitter(), AdaptiveJitter()])
def test_a_step_of_points_reads_nothing_from_the_device(loss, penalties, augmentation):
    trainer = points_trainer(loss, penalties=penalties, augmentation=augmentation)
    meta, inputs = on_meta(trainer)
    with OnOneDevice():
        stats = meta.train_step(inputs, bool(penalties))
    assert {value.device for value in stats} == {META}


@pytest.mark.parametrize("options", PICTURE_OPTIONS)
@pytest.mark.parametrize("scaled", [False, True])
def test_a_step_of_pictures_reads_nothing_from_the_device(dataset, scaled, options):
    trainer = pictures_trainer(dataset, **options)
    trainer.state.scalers = {  # fp16's, whose scales are on the device
        player: torch.amp.GradScaler("cpu", enabled=scaled) for player in trainer.state.scalers
    }
    meta, inputs = on_meta(trainer)
    with OnOneDevice():
        for _ in range(2):
            for penalised in meta.recipe.kinds_of_steps:
                meta.train_step(inputs, penalised)


class Nosy(Penalty):
    name: Literal["nosy"] = "nosy"

    def __call__(self, discriminator, real, fake, epsilon):
        return 0.0 if fake.samples.sum().item() > 0 else 1.0


def test_what_reads_from_the_device_is_found():
    meta, inputs = on_meta(points_trainer(penalties=[Nosy()]))
    with pytest.raises(RuntimeError, match="meta"), OnOneDevice():
        meta.train_step(inputs, True)


# Recorded steps


def captured(trainer, folder) -> Trainer:
    capture_steps(trainer, RunLog(folder / "log.txt"), record)
    assert not (folder / "log.txt").exists()
    assert trainer.compiled_step != trainer.train_step
    return trainer


def stats_of(trainer, steps=7):
    return [torch.stack(trainer.step()).clone() for _ in range(steps)]


def equal_trainings(one: Trainer, other: Trainer) -> bool:
    return (
        same(snapshot(one.state), snapshot(other.state))
        and one.state.numbers() == other.state.numbers()
    )


@pytest.mark.parametrize("loss", [NonSaturating(), Relativistic()])
@pytest.mark.parametrize("penalties", [(), (R1(), R2()), (GradientPenalty(),)])
@pytest.mark.parametrize("augmentation", [None, Jitter(), AdaptiveJitter()])
def test_a_recorded_training_of_points_is_the_same_training(
    tmp_path, loss, penalties, augmentation
):
    parts = {"penalties": penalties, "augmentation": augmentation}
    plain = points_trainer(loss, **parts)
    other = captured(points_trainer(loss, **parts), tmp_path)
    assert equal_trainings(plain, other)  # recording leaves no trace
    assert all(map(torch.equal, stats_of(plain), stats_of(other)))
    assert equal_trainings(plain, other)


@pytest.mark.parametrize("options", PICTURE_OPTIONS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_recorded_training_of_pictures_is_the_same_training(
    dataset, tmp_path, precision, options
):
    plain, other = (pictures_trainer(dataset, Compute(CPU, precision), **options) for _ in range(2))
    plain.step()
    other.step()
    captured(other, tmp_path)
    assert all(map(torch.equal, stats_of(plain), stats_of(other)))  # 64 images: into epoch 2
    assert equal_trainings(plain, other)


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({}, (False,)),
        (MODERN | {"penalty_interval": 1}, (True,)),
        (MODERN, (True, False)),
        ({"penalty_interval": 3}, (False,)),
    ],
)
def test_each_kind_of_steps_has_a_recording_of_its_own(dataset, tmp_path, options, kinds):
    trainer = pictures_trainer(dataset, **options)
    assert trainer.recipe.kinds_of_steps == kinds
    tapes = []

    def counting(step):
        stats, replay = record(step)
        tapes.append(0)
        place = len(tapes) - 1

        def replay_and_count():
            tapes[place] += 1
            replay()

        return stats, replay_and_count

    capture_steps(trainer, RunLog(tmp_path / "log.txt"), counting)
    assert not (tmp_path / "log.txt").exists()
    assert tapes == [1] * len(kinds)  # each was tried
    stats_of(trainer, 7)
    expected = {(True, False): [1 + 3, 1 + 4]}.get(kinds, [1 + 7])
    assert tapes == expected


def test_a_recorded_training_survives_a_rollback(dataset, tmp_path):
    plain, other = pictures_trainer(dataset), captured(pictures_trainer(dataset), tmp_path)
    for trainer in (plain, other):
        trainer.step()
        folder = tmp_path / trainer.compiled_step.__class__.__name__
        checkpoints.save(trainer.state, trainer.recipe, folder)
        trainer.step()
        next(trainer.state.generator.parameters()).data.fill_(float("nan"))
        trainer.step()
        fresh = TrainState.fresh(trainer.recipe, trainer.compute)
        trainer.state.restore(fresh.tensors(), fresh.numbers())
        folder = tmp_path / trainer.compiled_step.__class__.__name__
        assert checkpoints.restore_newest(trainer.state, folder, pytest.fail)
        trainer.state.attempt = 1
        trainer.state.seconds = 0.0
    assert plain.state.images_seen == 8
    assert all(map(torch.equal, stats_of(plain), stats_of(other)))
    assert equal_trainings(plain, other)


def test_no_callback_keeps_the_numbers_that_the_next_step_overwrites(dataset, tmp_path):
    rows = []
    for name, trainer in {
        "plain": pictures_trainer(dataset),
        "recorded": captured(pictures_trainer(dataset), tmp_path),
    }.items():
        trainer.run(Budget(images=200), [MetricsLog(tmp_path / name, Silent(), [])])
        rows.append((tmp_path / name).read_text())
    assert rows[0] == rows[1]
    assert rows[0]


def test_a_step_that_cannot_be_recorded_runs_as_before(dataset, tmp_path):
    def refuse(step):
        step()
        try:
            raise RuntimeError("operation not permitted when stream is capturing\nsecond line")
        except RuntimeError:  # as PyTorch does: the end of the recording fails, too
            raise ValueError("capture_end failed") from None

    trainers = [pictures_trainer(dataset) for _ in range(2)]
    for trainer in trainers:
        trainer.step()
    capture_steps(trainers[0], RunLog(tmp_path / "log.txt"), refuse)
    assert equal_trainings(*trainers)
    assert log_text(tmp_path).count("note: ") == 1
    assert "in refuse" in log_text(tmp_path)  # the traceback
    assert (
        "note: a step cannot be recorded as a graph (operation not permitted when stream "
        "is capturing); training without it" in log_text(tmp_path)
    )
    stats_of(trainers[0], 1), stats_of(trainers[1], 1)
    assert equal_trainings(*trainers)


def test_compiled_networks_that_cannot_be_recorded_are_recorded_uncompiled(
    dataset, tmp_path, monkeypatch
):
    def compiled(network, dynamic):
        return torch.nn.Sequential(network)

    def record_uncompiled(step):
        if trainer.generator is not trainer.state.generator:
            raise RuntimeError("compiled code waits for the device")
        return record(step)

    monkeypatch.setattr(torch, "compile", compiled)
    plain, trainer = (pictures_trainer(dataset) for _ in range(2))
    run_log = RunLog(tmp_path / "log.txt")
    compile_networks(trainer, run_log)
    capture_steps(trainer, run_log, record_uncompiled)
    assert trainer.compiled_step != trainer.train_step
    assert "(compiled code waits for the device); trying without compilation" in log_text(tmp_path)
    assert all(map(torch.equal, stats_of(plain), stats_of(trainer)))


@pytest.mark.parametrize(
    ("budget", "long"),
    [
        (Budget(images=100_000), False),
        (Budget(images=5_000_000), True),
        (Budget(minutes=5), False),
        (Budget(minutes=30), True),
    ],
)
def test_only_long_trainings_are_compiled(dataset, tmp_path, monkeypatch, budget, long):
    done = []
    for name in ("compile_networks", "capture_steps"):
        monkeypatch.setattr(acceleration, name, lambda *_, name=name: done.append(name))
    accelerate(pictures_trainer(dataset), RunLog(tmp_path / "log.txt"), budget)
    assert done == ["compile_networks"] * long + ["capture_steps"]
    assert "compiling both networks" in log_text(tmp_path) if long else not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_without_a_gpu_there_is_a_note_and_the_plain_training(dataset, tmp_path):
    plain, other = pictures_trainer(dataset), pictures_trainer(dataset)
    capture_steps(other, RunLog(tmp_path / "log.txt"), cuda_graph)
    assert "note: a step cannot be recorded as a graph" in log_text(tmp_path)
    stats_of(plain, 1), stats_of(other, 1)
    assert equal_trainings(plain, other)


# On a GPU


def cuda_trainer(dataset, precision="auto", **parts) -> Trainer:
    device = torch.device("cuda")
    compute = Compute(device, choose_precision(precision, device))
    return pictures_trainer(dataset, compute, **parts)


def close_trainings(one: Trainer, other: Trainer) -> None:
    theirs = other.state.tensors()
    for name, tensor in one.state.tensors().items():
        if "running" not in name and "num_batches" not in name:  # settled in checkpoints
            torch.testing.assert_close(tensor, theirs[name], rtol=1e-2, atol=1e-3, msg=name)


@needs_cuda
@pytest.mark.parametrize("precision", ["fp32", "auto", "fp16"])
@pytest.mark.parametrize("options", [{"augmentation": AdaptiveJitter()}, *PICTURE_OPTIONS])
def test_a_cuda_graph_is_the_same_training(dataset, tmp_path, precision, options):
    plain, other = (cuda_trainer(dataset, precision, **options) for _ in range(2))
    capture_steps(other, RunLog(tmp_path / "log.txt"), cuda_graph)
    assert not (tmp_path / "log.txt").exists()
    assert other.compiled_step != other.train_step
    assert equal_trainings(plain, other)
    torch.testing.assert_close(stats_of(other, 3), stats_of(plain, 3), rtol=1e-2, atol=1e-2)
    close_trainings(plain, other)


@needs_cuda
def test_a_cuda_graph_goes_on_from_a_checkpoint_where_it_would_have_been(dataset, tmp_path):
    whole, first, second = (cuda_trainer(dataset) for _ in range(3))
    for trainer in (whole, first, second):
        accelerate(trainer, RunLog(tmp_path / "log.txt"))
    stats_of(whole, 4), stats_of(first, 2)
    checkpoints.save(first.state, first.recipe, tmp_path / "checkpoints")
    checkpoints.restore_newest(second.state, tmp_path / "checkpoints", pytest.fail)
    stats_of(second, 2)
    assert second.state.images_seen == whole.state.images_seen
    close_trainings(whole, second)


@needs_cuda
def test_a_step_never_waits_for_the_gpu(dataset, tmp_path):
    eager, recorded = cuda_trainer(dataset), cuda_trainer(dataset)
    eager.step()
    capture_steps(recorded, RunLog(tmp_path / "log.txt"), cuda_graph)
    assert recorded.compiled_step != recorded.train_step
    torch.cuda.set_sync_debug_mode("error")
    try:
        for trainer in (eager, recorded):
            stats_of(trainer, 3)  # of the first epoch: each one's order is copied when it begins
    finally:
        torch.cuda.set_sync_debug_mode("default")


@needs_cuda
def test_a_captured_training_takes_no_more_memory_step_by_step(dataset, tmp_path):
    trainer = cuda_trainer(dataset)
    accelerate(trainer, RunLog(tmp_path / "log.txt"))
    stats_of(trainer, 3)
    before = torch.cuda.memory_reserved()
    stats_of(trainer, 50)
    assert torch.cuda.memory_reserved() == before


@needs_cuda
def test_when_a_penalty_waits_for_the_gpu_the_training_runs_eagerly(dataset, tmp_path):
    trainer = cuda_trainer(dataset, penalties=(Nosy(),))
    capture_steps(trainer, RunLog(tmp_path / "log.txt"), cuda_graph)
    assert "note: a step cannot be recorded as a graph" in log_text(tmp_path)
    assert all(values.isfinite().all() for values in stats_of(trainer))


@needs_cuda
def test_a_checkpoint_of_a_gpu_goes_on_on_a_cpu_and_back(dataset, tmp_path):
    gpu, cpu = cuda_trainer(dataset, "fp32"), pictures_trainer(dataset)
    stats_of(gpu, 2)
    checkpoints.save(gpu.state, gpu.recipe, tmp_path)
    checkpoints.restore_newest(cpu.state, tmp_path, pytest.fail)
    for name, tensor in cpu.state.tensors().items():
        if "running" not in name and "num_batches" not in name:  # settled in checkpoints
            assert torch.equal(tensor, gpu.state.tensors()[name].cpu()), name
    cpu.step()
    checkpoints.save(cpu.state, cpu.recipe, tmp_path)
    checkpoints.restore_newest(gpu.state, tmp_path, pytest.fail)
    assert gpu.state.images_seen == cpu.state.images_seen
    stats_of(gpu, 1)
