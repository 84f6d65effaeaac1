"""The chest radiograph model: its data, its two networks, how they are trained and joined."""
