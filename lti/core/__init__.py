"""What an LTI message has to say: pure Python."""
