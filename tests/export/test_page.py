"""The page's folder and its single file: complete, the same each time, and careful with others'."""

import base64
import gzip
import json
import re

import pytest
from networks import trained

from kaogan import recipes
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Network, Origin
from kaogan.export.describe import describe_training
from kaogan.latent.encoder import Encoder
from kaogan.models.dcgan import DCGAN
from kaogan.page import making as pages
from kaogan.page.making import page_of
from kaogan.page.singlefile import module_order, single_file, source_hash
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run

pytest.importorskip("onnxruntime", reason="needs kaogan[onnx]")

MODEL = DCGAN(size=32, width=4, latent_dim=8)

INDEX = """<!doctype html>
<html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'">
<title>kaogan</title>
<link rel="stylesheet" href="style.css">
<script type="module" src="js/main.js"></script>
</head><body></body></html>
"""

DIRECTION = {"name": "warmth", "kind": "named", "vector": [1.0] + [0.0] * 7}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A page in a few lines, with a runtime in as few: what is tested is how it is put together."""
    folder = tmp_path / "sources"
    for name in ("js", "runtime"):
        (folder / name).mkdir(parents=True)
    (folder / "index.html").write_text(INDEX, encoding="utf-8")
    (folder / "style.css").write_text("body { margin: 0 }\n", encoding="utf-8")
    (folder / "js" / "main.js").write_text('import {\n  b,\n} from "./a.js";\nb();\n')
    (folder / "js" / "a.js").write_text('export { b } from "./b.js";\n')
    (folder / "js" / "b.js").write_text('export const b = () => "./a.js";\n')
    manifest = {"package": "onnxruntime-web", "version": "1", "files": {"ort.mjs": "?"}}
    (folder / "runtime" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "runtime" / "LICENSE").write_text("MIT")
    (folder / "runtime" / "ort.mjs").write_text("export default 1;")
    monkeypatch.setattr(pages, "SOURCES", folder)
    return folder


@pytest.fixture
def network(tmp_path) -> Network:
    """A generator of a run with curves and a film."""
    recipe, run = Recipe(model=MODEL), Run(tmp_path / "my-run")
    run.path.mkdir()
    run.write_about(recipe, {"path": "secret/place/anime", "pictures": 99}, "fp32", {})
    same = {"loss_d": 1.0, "d_real": 0.6, "d_fake": 0.4}
    rows = [{"images_seen": n, "loss_g": n / 7, **same} for n in range(1, 1001)]
    run.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run.path / "timelapse.webp").write_bytes(b"film")
    plain = trained(MODEL, "generator")
    return Network(plain.model, plain.player, plain.module, Origin("r", run.path, recipe, run, 900))


def about_of(page) -> dict:
    return json.loads(page.files["model/about.json"])


def test_the_folder_is_complete(sources, network, tmp_path):
    page = page_of(network, "Faces <of mine>", [DIRECTION], Encoder(32, 3, 8, width=4).eval())
    page.write_folder(tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert found == {
        *("index.html", "style.css", "js/main.js", "js/a.js", "js/b.js", "runtime/ort.mjs"),
        *("model/about.json", "model/generator.onnx", "model/encoder.onnx"),
        "model/timelapse.webp",
    }
    about = json.loads((tmp_path / "out" / "model" / "about.json").read_text(encoding="utf-8"))
    assert about["format"] == 1
    assert about["picture"] == {"size": 32, "channels": 3}
    assert about["latent_dim"] == 8
    assert all((tmp_path / "out" / file).is_file() for file in about["files"].values())
    assert about["directions"] == [DIRECTION]
    assert about["title"] == "Faces <of mine>"
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<title>Faces &lt;of mine&gt;</title>" in index


def test_the_training_is_told(sources, network):
    training = about_of(page_of(network, "t"))["training"]
    assert training["images_seen"] == 900
    assert training["dataset"] == {"name": "anime", "pictures": 99}
    assert training["loss"] == "nonsaturating"
    assert (training["penalties"], training["betas"]) == ([], [0.5, 0.999])
    curves = [row["images_seen"] for row in training["curves"]]
    assert len(curves) == 300
    assert (curves[0], curves[-1]) == (1, 900)  # nothing after this checkpoint
    for player, count in training["parameters"].items():
        layers = [row for row in training["layers"] if row["network"] == player]
        assert sum(row["parameters"] for row in layers) == count
    shapes = [row["shape"] for row in training["layers"] if row["network"] == "generator"]
    assert shapes == [[16, 4, 4], [8, 8, 8], [4, 16, 16], [3, 32, 32]]


def test_the_standard_game_is_told(sources, network, tmp_path):
    recipe = recipes.standard(size=32, width=4, latent_dim=8, anneal_images=5000)
    plain = trained(recipe.model, "generator")
    origin = Origin("r", tmp_path, recipe)
    training = describe_training(Network(plain.model, "generator", plain.module, origin))
    assert training["penalties"] == ["r1", "r2"]
    assert (training["penalty_interval"], training["mirrored_images"]) == (4, 2500)
    assert (training["betas"], training["anneal_images"]) == ([0.0, 0.99], 5000)
    last, logit = [row for row in training["layers"] if row["network"] == "discriminator"][-2:]
    assert last["layer"] == "convolution 4×4, LeakyReLU, minibatch standard deviation"
    assert last["shape"] == [17, 4, 4]
    assert logit["parameters"] == 17 * 16


def test_of_a_generator_without_a_run_less_is_told(sources, network, tmp_path):
    plain = trained(MODEL, "generator")
    assert describe_training(plain) is None
    origin = Origin("zoo", tmp_path, Recipe(model=MODEL))
    about = about_of(page_of(Network(plain.model, "generator", plain.module, origin), "t"))
    assert about["files"] == {
        "generator": "model/generator.onnx",
        "encoder": None,
        "timelapse": None,
    }
    assert about["training"]["images_seen"] is None
    assert about["training"]["curves"] == []


def test_twice_the_same_bytes(sources, network, tmp_path):
    pages = [page_of(network, "t", [DIRECTION]) for _ in range(2)]
    assert pages[0].files == pages[1].files
    assert single_file(pages[0].files) == single_file(pages[1].files)


def test_a_page_may_be_replaced_and_nothing_else(sources, network, tmp_path):
    out = tmp_path / "out"
    out.mkdir()  # an empty folder is nobody's
    page_of(network, "one").write_folder(out)
    page_of(network, "two").write_folder(out)
    assert "<title>two</title>" in (out / "index.html").read_text(encoding="utf-8")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    (out / "CNAME").write_text("mine")
    with pytest.raises(UsageError, match="no page of kaogan's"):
        page_of(network, "three").write_folder(out)
    assert (out / "CNAME").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("<!doctype html><title>mine</title>")
    with pytest.raises(UsageError, match="no page of kaogan's"):
        page_of(network, "three").write_folder(other)
    with pytest.raises(UsageError, match="no page of kaogan's"):
        page_of(network, "three").write_file(other / "index.html")
    page_of(network, "three").write_file(other / "mine.html")
    page_of(network, "four").write_file(other / "mine.html")
    assert "<title>four</title>" in (other / "mine.html").read_text(encoding="utf-8")


def test_without_the_runtime_it_is_said_how_to_get_it(sources, network):
    (sources / "runtime" / "ort.mjs").unlink()
    with pytest.raises(KaoganError, match="page_runtime"):
        page_of(network, "t")


def test_the_single_file_holds_everything(sources, network):
    page = page_of(network, "t")
    text = single_file(page.files).decode()
    inlined = dict(re.findall(r'<script type="text/plain" data-name="([^"]+)">([^<]+)<', text))
    unpacked = {name: gzip.decompress(base64.b64decode(packed)) for name, packed in inlined.items()}
    assert unpacked == {
        name: content
        for name, content in page.files.items()
        if name not in ("index.html", "style.css")
    }
    assert not re.search(r'(src|href)="', text)
    assert not re.search(r"https?://", text)


def test_the_single_files_policy_allows_its_own_script_and_style_only(sources, network):
    text = single_file(page_of(network, "t").files).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert f"script-src '{source_hash(script)}' 'wasm-unsafe-eval' blob:" in policy
    assert f"style-src '{source_hash(style)}'" in policy
    assert "default-src 'none'" in policy
    assert "'self'" not in policy
    assert "'unsafe-" not in policy


def test_modules_come_after_those_that_they_import(sources, network):
    order = module_order(page_of(network, "t").files)
    assert [name for name, _ in order] == ["js/b.js", "js/a.js", "js/main.js"]
    assert dict(order)["js/main.js"] == [("./a.js", "js/a.js")]
    with pytest.raises(ValueError, match=r"no order for .*js/a\.js"):
        module_order({"js/a.js": b'import "./b.js";', "js/b.js": b'import "./a.js";'})
