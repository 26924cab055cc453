"""The tab that explains."""

from browsing import changed_about, training

from kaogan import recipes
from kaogan.export.describe import describe_losses


def equations_in(tab) -> list[str]:
    return [math.get_attribute("alttext") for math in tab.locator("#view-explain math").all()]


def test_it_tells_this_models_own_numbers(visit):
    tab = visit("#explain")
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    for number in ("100 numbers", "99,000", "3,000 pictures", "1,102,176", "0.0004", "0.250"):
        assert number in text
    assert "L_G = -E_z[log D(G(z))]" in equations_in(tab)
    assert "the losses would be 2 log 2 ≈ 1.39 and log 2 ≈ 0.69" in text
    assert tab.locator("#view-explain .chart svg").count() == 2
    tab.wait_for_selector("#live canvas.painted")


def test_it_tells_of_the_standard_game(visit, files):
    standard = {
        "loss": "relativistic",
        "losses": describe_losses(recipes.standard()),
        "penalty_interval": 4,
        "mirror": True,
        "betas": [0.0, 0.99],
        "anneal_images": 330_000,
    }
    page = changed_about(files, training=training() | standard)
    tab = visit("#explain", page=page)
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    assert equations_in(tab) == [
        "L_D = -E[log sigmoid(C(x) - C(G(z)))]",
        "L_G = -E[log sigmoid(C(G(z)) - C(x))]",
        "R1 = weight / 2 E_x[||grad C(x)||^2]",
        "R2 = weight / 2 E_z[||grad C(G(z))||^2]",
    ]
    for words in (
        "r1 (flat where real samples are) and r2 (flat where generated samples are)",
        "both losses log 2 ≈ 0.69",
        "on one step in 4 only, and then 4 times as strongly",
        "half of the time",
        "falling to a twentieth over 330,000 pictures",
        "β₁ = 0, β₂ = 0.99",
    ):
        assert words in text


def test_what_is_not_known_is_left_out(visit, files):
    tab = visit("#explain", page=changed_about(files, training=None))
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    assert "Two networks and a game" in text
    assert "This model" not in text
    assert "undefined" not in text
    assert tab.locator("#view-explain .chart").count() == 0


def test_a_training_of_which_little_is_known_makes_no_gaps(visit, files):
    keys = ("images_seen", "dataset", "loss", "losses", "batch", "lr", "parameters")
    training = dict.fromkeys(keys) | {"layers": [], "curves": [], "quality": []}
    tab = visit("#explain", page=changed_about(files, training=training))
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    assert "null" not in text
    assert "NaN" not in text
