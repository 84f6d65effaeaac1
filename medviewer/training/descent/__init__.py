"""What gradient descent is made of: losses, optimisers, schedules, averages, mixing, width of numbers, randomness."""
