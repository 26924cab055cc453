"""`train_standalone.py`: the same networks, losses and steps as kaogan's, number by number."""

import contextlib
import copy
import importlib.util
import itertools
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from kaogan import recipes
from kaogan.contracts import Batch, unlabelled
from kaogan.data.decode import Preparation, decode
from kaogan.errors import UsageError
from kaogan.export import Network, Safetensors
from kaogan.images import grid
from kaogan.losses import losses
from kaogan.losses.penalties import penalties
from kaogan.report.bundle.standalone import standalone
from kaogan.schedules import Cosine
from kaogan.training.precision import Compute
from kaogan.training.recipe import Recipe
from kaogan.training.sampling import Sampler
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer, mirrored

ROOT = Path(__file__).parents[2]
IMAGES = 10_000
SMALL = {"size": 32, "width": 4, "latent_dim": 8, "batch": 4}
COMPUTE = Compute(torch.device("cpu"), "fp32")


def games() -> list[Recipe]:
    """A small recipe of every loss, norm and set of penalties that go together, packed or not.

    Every other one has lazy penalties, He's initialisation and a minibatch standard deviation.
    """
    sets = [chosen for n in range(4) for chosen in itertools.combinations(penalties, n)]
    packs = {(): (1, 2), ("r1", "r2"): (1, 2)}
    made = []
    for loss, chosen, norm in itertools.product(losses, sets, ("batch", "spectral", "none")):
        for packing in packs.get(chosen, (1,)):
            parts = {"loss": loss, "penalties": dict.fromkeys(chosen, 0.7), "packing": packing}
            if len(made) % 2:
                parts |= {"penalty_interval": 2, "initialization": "he", "minibatch_std": 4}
            with contextlib.suppress(UsageError):  # they do not go together
                made.append(recipes.dcgan(**parts, norm=norm, **SMALL))
    return made


def standards() -> list[Recipe]:
    """The standard game as it is, annealed, and with groups that do not divide the batch."""
    small = SMALL | {"size": 64, "width": 8, "lr": 1e-3}
    return [
        recipes.standard(**small),
        recipes.standard(**small, anneal_images=7),
        recipes.standard(**small, anneal_images=100, mirror_until=0.75, generator_lr=5e-4),
        recipes.standard(**small | {"batch": 6}, penalty_interval=1, anneal_images=100),
        recipes.dcgan(**SMALL, anneal_images=7),
    ]


def shapes() -> list[Recipe]:
    """Everything that networks are described by, and smoothing."""
    return [
        recipes.dcgan(**SMALL | {"upsample": "resize", "channels": 1}),
        recipes.dcgan(**SMALL | {"size": 64, "width": 8}, label_smoothing=0.0),
        recipes.dcgan(**SMALL, loss="minimax", label_smoothing=0.25, beta1=0.0, lr=1e-3, seed=3),
    ]


def name_of(recipe: Recipe) -> str:
    model = recipe.model
    words = [recipe.loss.name, model.norm, *(p.name for p in recipe.penalties)]
    words += [f"every{recipe.penalty_interval}", model.initialization, f"std{model.minibatch_std}"]
    words += [f"annealed{recipe.anneal_images}"] if recipe.anneal_images else []
    return "-".join([*words, f"{model.size}", model.upsample, f"pack{model.packing}"])


every_game = pytest.mark.parametrize("recipe", [*games(), *shapes(), *standards()], ids=name_of)


def program(text: str, file: Path) -> ModuleType:
    """The text as a module."""
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("train_standalone", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def load(tmp_path):
    return lambda recipe: program(standalone(recipe, IMAGES), tmp_path / "train_standalone.py")


class Noise:
    """Real pictures: noise, as a function of the position."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __call__(self, start: int, count: int) -> Batch:
        rng = torch.Generator().manual_seed(start)
        return unlabelled(torch.rand(count, *self.shape, generator=rng) * 2 - 1)

    def __len__(self) -> int:
        return 100


def assert_near(mine: list[torch.Tensor], theirs: list[torch.Tensor], share: float) -> None:
    """The difference is a small share of what there is, all tensors together."""
    mine, theirs = (torch.cat([tensor.flatten() for tensor in each]) for each in (mine, theirs))
    assert (mine - theirs).norm() <= share * theirs.norm()


def moments(adam: torch.optim.Adam) -> list[torch.Tensor]:
    return [slots["exp_avg"] for slots in adam.state.values()]


@every_game
def test_steps_are_those_of_kaogan(load, recipe):
    alone = load(recipe)
    state = TrainState.fresh(recipe, COMPUTE)
    game = alone.Game()
    players = {"generator": "generator", "discriminator": "discriminator", "average": "ema"}
    first = {name: copy.deepcopy(network.state_dict()) for name, network in state.networks.items()}
    for mine, theirs in players.items():  # from one seed, the same first weights
        begun = vars(game)[mine].state_dict()
        assert begun.keys() == first[theirs].keys()
        assert all(torch.equal(begun[key], first[theirs][key]) for key in begun)
    trainer = Trainer(recipe, state, Noise(recipe.model.sample_shape), COMPUTE)
    for seen in (0, recipe.batch):  # the first with penalties, if there are any
        dealt = trainer.draw_inputs()
        given = [dealt.x, dealt.z]
        if recipe.penalties:
            given.append(dealt.epsilon)
        mine, stats = game.step(*given, seen), trainer.step()
        torch.testing.assert_close(mine["loss D"].detach(), stats.loss_d, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(mine["loss G"].detach(), stats.loss_g, rtol=1e-4, atol=1e-5)
    assert_near(moments(game.adam_g), moments(state.optimizers["generator"]), 1e-3)
    assert_near(moments(game.adam_d), moments(state.optimizers["discriminator"]), 1e-3)
    for mine, theirs in players.items():
        ended, expected = vars(game)[mine].state_dict(), state.networks[theirs].state_dict()
        # What they moved. Adam moves a weight by as much for the smallest gradient, and the
        # smallest ones are rounding: not each weight can be compared.
        moved = [[each[key] - first[theirs][key] for key in each] for each in (ended, expected)]
        assert_near(*moved, 0.05)


@pytest.mark.parametrize("smoothing", [None, 0.0, 0.25])
@pytest.mark.parametrize("loss", losses)
def test_losses_are_those_of_kaogan(load, loss, smoothing):
    if smoothing is not None and "label_smoothing" not in losses[loss].model_fields:
        pytest.skip("it has no labels")
    asked = {} if smoothing is None else {"label_smoothing": smoothing}
    recipe = recipes.dcgan(**SMALL, loss=loss, **asked, norm="spectral")
    alone = load(recipe)
    real, fake = torch.randn(2, 16, generator=torch.Generator().manual_seed(0)) * 3
    game = recipe.loss
    mine = alone.LOSS
    torch.testing.assert_close(mine.discriminator(real, fake), game.discriminator(real, fake))
    torch.testing.assert_close(mine.generator(real, fake), game.generator(real, fake))


def test_pictures_are_mirrored_as_kaogan_does(load):
    alone = load(recipes.standard(**SMALL))
    pictures, chances = torch.randn(8, 3, 32, 32), torch.linspace(0, 1, 8)
    found = alone.mirrored(pictures, chances)
    assert torch.equal(found, mirrored(pictures, chances))
    assert not torch.equal(found, pictures)
    ending = recipes.standard(**SMALL, anneal_images=1000, mirror_until=0.75)
    assert load(ending).MIRRORED == ending.mirrored_images == 750


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
@pytest.mark.parametrize("size", [32, 256])
def test_it_is_short_and_clean(tmp_path, size, upsample):
    ruff = ROOT / ".venv/bin/ruff"
    ruff = ruff if ruff.exists() else Path(sys.executable).with_name("ruff")
    for number, small in enumerate([*games(), *standards()]):
        model = small.model.model_copy(
            update={"size": size, "width": 512, "latent_dim": 4096, "upsample": upsample}
        )
        longest = {"batch": 65536, "lr": 0.00012345}
        if small.anneal_images:
            longest |= dict.fromkeys(("lr_schedule", "penalty_schedule"), Cosine(images=10**9))
        recipe = small.model_copy(update={"model": model, **longest})
        text = standalone(recipe, 10**9)
        assert text.count("\n") < 460, name_of(recipe)
        assert text.endswith("\n")
        (tmp_path / f"game_{number}.py").write_text(text, encoding="utf-8")
    config = ["--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([ruff, *command, *config], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]


def test_it_needs_three_packages_and_shows_what_it_uses_only():
    text = standalone(recipes.dcgan(), IMAGES)
    imported = {
        line.split()[1].split(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - sys.stdlib_module_names == {"torch", "numpy", "PIL"}
    parts = {
        **dict.fromkeys(
            ("weight = 1.0", "squared_slopes", "epsilon", "PENALTY_INTERVAL", "penalised"), True
        ),
        **dict.fromkeys(("GROUP", "MinibatchStd", "kaiming", "mirrored"), True),
        **dict.fromkeys(("relu(", "spectral", "PACK", "SCHEDULE"), False),
    }
    standard = standalone(recipes.standard(), IMAGES)
    assert standard.count("\n") < 420
    for part, is_standard in parts.items():
        assert part not in text
        assert (part in standard) == is_standard, part
    assert "0.02" in standard  # the generator's weights
    assert "BETAS = 0.0003, (0.0, 0.99)" in standard
    assert "softplus" not in standalone(recipes.dcgan(loss="hinge"), IMAGES)


def test_weights_that_kaogan_exports_draw_the_same_faces(load, tmp_path):
    for recipe in (recipes.dcgan(**SMALL), shapes()[0]):
        alone = load(recipe)
        torch.manual_seed(5)
        generator = recipe.model.generator().eval()
        file = tmp_path / "generator.safetensors"
        Safetensors().write(Network(recipe.model, "generator", generator), file)
        mine = alone.Generator().eval().requires_grad_(False)
        mine.load_state_dict(alone.read_weights(file))
        alone.draw(mine, range(7, 12), tmp_path / "faces.png")
        faces = Sampler(generator, recipe.model.latent_dim).sample(5, seed=7)
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "faces.png")), grid(faces))


def awkward_pictures(folder: Path) -> None:
    """Not square, turned, half transparent, with a palette, grey; and what is no picture."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(6):
        pixels = rng.integers(0, 256, (50 + number, 43, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = Image.open(folder / "0.png")
    picture.save(folder / "turned.jpg", exif=turned)
    picture.putalpha(Image.fromarray(rng.integers(0, 256, (50, 43), dtype=np.uint8)))
    picture.save(folder / "see-through.png")
    Image.open(folder / "1.png").quantize(16).save(folder / "palette.gif")
    Image.open(folder / "2.png").convert("L").save(folder / "grey.png")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:500])


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_read_as_kaogan_does(load, tmp_path, channels):
    awkward_pictures(tmp_path / "pictures")
    read = load(recipes.dcgan(**SMALL, channels=channels)).read_pictures(tmp_path / "pictures")
    expected = []
    for file in sorted((tmp_path / "pictures").iterdir()):
        if file.name not in ("notes.txt", "broken.png"):
            decoded = decode(file.read_bytes(), Preparation(32, channels))
            expected.append(decoded.pixels.transpose(2, 0, 1))
    difference = np.abs(read.numpy().astype(int) - np.stack(expected).astype(int))
    assert difference.max() <= 1


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_stop_changes_nothing(load, tmp_path, capsys, name):
    awkward_pictures(tmp_path / "pictures")
    alone = load(recipes.named(name, **SMALL))
    alone.train(tmp_path / "pictures", tmp_path / "at-once", 40)
    out = tmp_path / "stopped"
    alone.train(tmp_path / "pictures", out, 20)
    alone.train(tmp_path / "pictures", out, 40)
    said = capsys.readouterr().out
    assert "20 of 20, 0:00:00 left: loss D" in said
    assert f"{out} has seen 20 of 40 images" in said
    first, again = (
        torch.load(folder / "checkpoint.pt", weights_only=True)
        for folder in (tmp_path / "at-once", out)
    )
    assert first["images_seen"] == again["images_seen"] == 40
    assert again["adam_d"]["state"][0]["step"] == 10  # of 4 pictures each
    for network in ("generator", "discriminator", "average"):
        assert_near(list(again[network].values()), list(first[network].values()), 1e-6)
    weights = alone.read_weights(out / "generator.pt")
    assert all(tensor.isfinite().all() for tensor in weights.values())
    assert weights["layers.1.running_var"].ne(1).all()  # measured
    assert sorted(file.name for file in out.iterdir()) == [
        "checkpoint.pt", "generator.pt", "samples-000000020.png", "samples-000000040.png"
    ]  # fmt: skip
    alone.train(tmp_path / "no-pictures-are-needed", out, 40)
    assert "has seen 40 of 40 images" in capsys.readouterr().out


def test_it_saves_from_time_to_time(load, tmp_path, monkeypatch):
    awkward_pictures(tmp_path / "pictures")
    alone = load(recipes.dcgan(**SMALL))
    monkeypatch.setattr(alone, "SAVE_SECONDS", 0)
    alone.train(tmp_path / "pictures", tmp_path / "trained", 12)
    saved = sorted(file.stem for file in tmp_path.glob("trained/samples-*"))
    assert saved == ["samples-000000004", "samples-000000008", "samples-000000012"]


def start(text: str, folder: Path, *words: object) -> subprocess.Popen:
    """The program, started in a folder as a user starts it."""
    (folder / "train_standalone.py").write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "train_standalone.py", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_loses_nothing(tmp_path):
    awkward_pictures(tmp_path / "pictures")
    program = start(standalone(recipes.dcgan(**SMALL), 10**6), tmp_path, "train", "pictures")
    said = []
    while "left: loss D" not in "".join(said):
        said.append(program.stdout.readline())
        assert program.poll() is None, program.stderr.read()
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert out.endswith("stopped; all is saved in trained\n")
    seen = torch.load(tmp_path / "trained" / "checkpoint.pt", weights_only=True)["images_seen"]
    assert f"{seen:,} of 1,000,000" in out.splitlines()[-2]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["train", "nowhere"], "error: there is no folder and no ZIP nowhere; "),
        (["train", "train_standalone.py"], "error: there is no folder and no ZIP train_stand"),
        (["train", "empty"], "error: there is no picture in empty; "),
        (["train", "empty", "--out", "damaged"], "error: damaged/checkpoint.pt is damaged "),
        (["sample"], "error: there are no weights of this generator in "),
        (["sample", "--weights", "damaged/checkpoint.pt"], "error: there are no weights of"),
        (["sample", "--seeds", "7", "7"], "error: the seeds go from FIRST "),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path, monkeypatch, capsys, load, words, complaint
):
    alone = load(recipes.dcgan(**SMALL))
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("empty/notes.txt").write_text("no picture", encoding="utf-8")
    Path("damaged").mkdir()
    Path("damaged/checkpoint.pt").write_bytes(b"half of one")
    monkeypatch.setattr(sys, "argv", ["train_standalone.py", *words])
    with pytest.raises(SystemExit) as stopped:
        alone.main()
    assert stopped.value.code.startswith(complaint)
    assert "\n" not in stopped.value.code
    assert not Path("trained").exists()


def test_a_file_that_cannot_be_written_is_said_in_a_line(tmp_path):
    awkward_pictures(tmp_path / "pictures")
    (tmp_path / "trained").write_text("a file", encoding="utf-8")
    program = start(standalone(recipes.dcgan(**SMALL), 4), tmp_path, "train", "pictures")
    _, err = program.communicate(timeout=60)
    assert program.returncode == 1
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1


def test_what_has_no_standalone_form_is_refused():
    with pytest.raises(UsageError, match="not of a mlp"):
        standalone(recipes.toy(), IMAGES)


def test_a_keras_run_gets_the_same_networks_in_pytorch():
    keras, torch_ = (recipes.standard(framework=name) for name in ("keras", "pytorch"))
    assert standalone(keras, IMAGES) == standalone(torch_, IMAGES)
