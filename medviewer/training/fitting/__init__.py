"""The general training loop: any task, a budget in steps, checkpoints, progress, and the same weights after a resume."""
