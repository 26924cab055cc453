"""What the log tells, and where on the curves it belongs."""

from kaogan.report.history import read_history

LOG = """2026-01-01T10:00:00+00:00 starting with 0 images seen: 9 pictures, cuda in bf16
2026-01-01T10:01:00+00:00 warning: the discriminator has been winning for 313 steps (D(x) 0.91, D(G(z)) 0.01, loss 0.12): the generator learns little from it. Look
2026-01-01T10:02:00+00:00 stopped after 3,000 images, everything is saved; the same command goes on
2026-01-01T11:00:00+00:00 going on after 3,000 images seen: 9 pictures, cpu in fp32
2026-01-01T11:01:00+00:00 note: the faces have not improved for 8 evaluations: KID was best after 1,000 images (0.1000), and is 0.3000 now. The best checkpoint is kept
2026-01-01T11:02:00+00:00 warning: something else
no time stands before this line
2026-01-01T11:03:00+00:00 the budget is used up already
"""  # noqa: E501

CURVES = [
    {"images_seen": 1000, "d_real": 0.9, "d_fake": 0.01, "loss_d": 0.12},
    {"images_seen": 2000, "d_real": 0.912, "d_fake": 0.009, "loss_d": 0.1249},
]
EVALUATIONS = [
    {"images_seen": 2000, "kid": 0.3},  # the same figure, but before the resume
    {"images_seen": 4000, "kid": 0.30001},
]


def test_events_have_their_kind_and_the_images_seen_then(tmp_path):
    (tmp_path / "log.txt").write_text(LOG, encoding="utf-8")
    events = read_history(tmp_path / "log.txt", CURVES, EVALUATIONS)
    assert [(event.kind, event.images) for event in events] == [
        ("start", 0),
        ("warning", 2000),
        ("stop", 3000),
        ("resume", 3000),
        ("note", 4000),
        ("warning", None),
    ]
    assert events[5].text == "something else"
    assert [event.hardware for event in events if event.hardware] == [
        ("cuda", "bf16"),
        ("cpu", "fp32"),
    ]


def test_a_run_without_a_log_has_no_events(tmp_path):
    assert read_history(tmp_path / "log.txt", [], []) == ()
