"""The data of a run: pictures (`images.py`) or points (`points.py`)."""
