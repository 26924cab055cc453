"""Training.

trainer.py                the step and the one loop; accelerate.py  the same step, faster
recipe.py, state.py       what is trained; everything that a resume needs
tasks/                    what is learned from: images, points
fit.py                    sets a run up and resumes it, with lock.py, signals.py, rollback.py
run.py, checkpoints.py    the RUN folder;  run_log.py, events.py  what it says
callbacks/                callbacks
"""
