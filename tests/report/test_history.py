"""What a run tells of itself, and where on the curves it belongs."""

import json

from kaogan.report.history import read_history

ROWS = [
    {"event": "started", "images_seen": 0, "device": "cuda", "precision": "bf16", "text": "begun"},
    {"event": "warned", "images_seen": 2000, "text": "the discriminator has been winning"},
    {"event": "evaluated", "images_seen": 2500, "fd": 0.5, "best": True, "end": False},
    {"event": "saved", "images_seen": 3000},
    {"event": "finished", "images_seen": 3000, "reason": "stopped", "text": "stopped after 3,000"},
    {"event": "resumed", "images_seen": 3000, "device": "cpu", "precision": "fp32", "text": "on"},
    {"event": "rolled back", "images_seen": 3000, "attempt": 1, "text": "a loss became NaN"},
    {"event": "of a newer version", "images_seen": 3100},
    {"event": "noted", "images_seen": 4000, "text": "the faces have not improved"},
    {"event": "finished", "images_seen": 5000, "reason": "done"},
]

LOG = """2026-01-01T10:00:00+00:00 starting with 0 images seen: 9 pictures, cuda in bf16
2026-01-01T10:01:00+00:00 warning: the discriminator has been winning for 313 steps
2026-01-01T10:02:00+00:00 stopped after 3,000 images, everything is saved; the same command goes on
2026-01-01T11:00:00+00:00 going on after 3,000 images seen: 9 pictures, cpu in fp32
no time stands before this line
2026-01-01T11:03:00+00:00 the budget is used up already
"""


def write_rows(folder, rows, day: int = 2) -> None:
    timed = [row | {"time": f"2026-01-{day:02}T10:00:00+00:00"} for row in rows]
    text = "".join(json.dumps(row) + "\n" for row in timed)
    (folder / "events.jsonl").write_text(text + '{"event": "cut o', encoding="utf-8")


def test_events_have_their_kind_and_the_images_seen_then(tmp_path):
    write_rows(tmp_path, ROWS)
    (tmp_path / "log.txt").write_text(LOG, encoding="utf-8")
    events = read_history(tmp_path)
    assert [(event.kind, event.images) for event in events] == [
        ("started", 0),
        ("warned", 2000),
        ("stopped", 3000),
        ("resumed", 3000),
        ("rolled back", 3000),
        ("noted", 4000),
        ("finished", 5000),
    ]
    assert events[1].text == "the discriminator has been winning"
    assert [event.hardware for event in events if event.hardware] == [
        ("cuda", "bf16"),
        ("cpu", "fp32"),
    ]


def test_of_a_run_before_events_the_log_tells_what_happened(tmp_path):
    (tmp_path / "log.txt").write_text(LOG, encoding="utf-8")
    events = read_history(tmp_path)
    assert [event.kind for event in events] == ["started", "warned", "stopped", "resumed"]
    assert {(event.images, event.hardware) for event in events} == {(None, None)}
    assert events[1].text == "the discriminator has been winning for 313 steps"


def test_of_a_run_that_went_on_since_both_tell(tmp_path):
    (tmp_path / "log.txt").write_text(
        LOG + "2026-01-02T10:00:00+00:00 warning: told twice\n", encoding="utf-8"
    )
    write_rows(tmp_path, ROWS[5:])
    kinds = [event.kind for event in read_history(tmp_path)]
    assert kinds[:5] == ["started", "warned", "stopped", "resumed", "resumed"]
    assert kinds[5:] == ["rolled back", "noted", "finished"]


def test_a_run_without_any_has_no_events(tmp_path):
    assert read_history(tmp_path) == ()
