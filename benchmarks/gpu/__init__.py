"""The parts of `benchmarks/gpu.py`.

`plan` runs them, `race` lets contenders take turns, `table` writes the results as
Markdown, and `packages` brings what a bare machine lacks: these four need only the standard
library. `profile` is a helper; all others are processes of their own (`worker.serve`).
"""
