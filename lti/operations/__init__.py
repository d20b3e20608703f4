"""What happens with learning platforms: set up and withdrawn, somebody on the way here, this site's own keys."""
