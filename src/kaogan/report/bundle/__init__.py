"""The ZIP to hand in, and the programs in it.

making.py       what is in it
standalone.py   a recipe as one file without kaogan
source.py       the source of losses, penalties and schedules for that file
templates/      both programs, instructions
"""

from kaogan.report.bundle.making import Bundle, train_script, write_bundle

__all__ = ["Bundle", "train_script", "write_bundle"]
