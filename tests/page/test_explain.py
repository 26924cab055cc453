"""The tab that explains."""

from browsing import changed_about, training


def test_it_tells_this_models_own_numbers(visit):
    tab = visit("#explain")
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    for number in ("100 numbers", "99,000", "3,000 pictures", "1,102,176", "0.0004", "0.250"):
        assert number in text
    assert "−log D(G(z))" in text
    assert tab.locator("#view-explain .chart svg").count() == 2
    tab.wait_for_selector("#live canvas.painted")


def test_it_tells_of_the_standard_game(visit, files):
    standard = {
        "loss": "relativistic",
        "penalties": ["r1", "r2"],
        "penalty_interval": 4,
        "mirror": True,
        "betas": [0.0, 0.99],
        "anneal_images": 330_000,
    }
    page = changed_about(files, training=training() | standard)
    tab = visit("#explain", page=page)
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    for words in (
        "−log σ(C(x) − C(G(z)))",
        "at real pictures (R1) and at drawn ones (R2)",
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
    keys = ("images_seen", "dataset", "loss", "batch", "lr", "parameters")
    training = dict.fromkeys(keys) | {"layers": [], "curves": [], "quality": []}
    tab = visit("#explain", page=changed_about(files, training=training))
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    assert "null" not in text
    assert "NaN" not in text
