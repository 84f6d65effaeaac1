"""What a heatmap is put through: rival maps, perturbed pictures, randomised networks, and the rule of the verdict."""
