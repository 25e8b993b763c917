"""The zoo against torchvision."""
