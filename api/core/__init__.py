"""What the interface for other programs decides, without Django."""
