"""Changes to training images that leave their answer as it is: pictures, and volumes with their labels."""
