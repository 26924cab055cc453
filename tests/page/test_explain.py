"""The tab that explains."""

from browsing import changed_about


def test_it_tells_this_models_own_numbers(visit):
    tab = visit("#explain")
    tab.wait_for_selector("#view-explain h2")
    text = tab.inner_text("#view-explain")
    for number in ("100 numbers", "99,000", "3,000 pictures", "1,102,176", "0.0004", "0.250"):
        assert number in text
    assert "−log D(G(z))" in text
    assert tab.locator("#view-explain .chart svg").count() == 2
    tab.wait_for_selector("#live canvas.painted")


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
