"""What a run learns from: pictures (`images.py`) or points (`points.py`)."""
