"""Measures ours beside the peers: interleaved, each run a process of its own, medians with minimum and maximum."""
