"""What other programs ask, and what is known of their keys. Nothing here writes."""
