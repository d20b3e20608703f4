"""Pages of learning platforms: the door that they lead to, and where an operator sets one up."""
