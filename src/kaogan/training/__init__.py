"""Training.

trainer.py                the step and the loop; accelerate.py  the same step, faster
recipe.py, state.py       what is trained; everything that a resume needs
tasks/                    the data: images, points
fit.py                    sets up a run and resumes it, with lock.py, signals.py, rollback.py
run.py, checkpoints.py    the RUN folder;  run_log.py, events.py  its messages
callbacks/                callbacks
"""
