"""Janus as the media engine: ``JanusEngine`` is its client, ``JanusHost`` the child process."""

from .engine import JanusEngine
from .process import JanusHost

__all__ = ["JanusEngine", "JanusHost"]
