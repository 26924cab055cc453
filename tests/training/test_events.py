"""events.jsonl: rows of the steps that count."""

from kaogan.training.events import Events, read_events


def told(file) -> list[tuple[str, int]]:
    return [(row["event"], row["images_seen"]) for row in read_events(file)]


def test_what_comes_before_the_beginning_waits_for_it(tmp_path):
    file, seen = tmp_path / "events.jsonl", [40]
    events = Events(file)
    events.add("warned", text="a checkpoint is damaged")
    assert not file.exists()
    events.begin(lambda: seen[0], resumed=True)
    events.add("resumed")
    seen[0] = 50
    events.add("saved")
    assert told(file) == [("warned", 40), ("resumed", 40), ("saved", 50)]


def test_what_will_happen_again_is_cut_off_and_so_is_an_end_that_was_none(tmp_path):
    file = tmp_path / "events.jsonl"
    first = Events(file)
    seen = [0]
    first.begin(lambda: seen[0], resumed=False)
    for images, end in ((10, False), (20, True), (30, False)):
        seen[0] = images
        first.add("evaluated", end=end)
    again = Events(file)
    again.begin(lambda: 20, resumed=True)
    assert told(file) == [("evaluated", 10)]
    again.cut(5)
    assert told(file) == []


def test_a_new_training_in_the_folder_begins_anew(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text('{"event": "started", "images_seen": 0}\n')
    Events(file).begin(lambda: 0, resumed=False)
    assert told(file) == []


def test_a_disk_that_cannot_be_written_stops_nothing(tmp_path):
    events = Events(tmp_path / "nowhere" / "sub" / "events.jsonl")
    (tmp_path / "nowhere").touch()
    events.begin(lambda: 0, resumed=False)
    events.add("saved")
