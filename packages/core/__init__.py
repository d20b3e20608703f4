"""What a package may be and may say. Pure."""
