"""Janus as the media engine. Only ``JanusEngine`` (the client) and ``JanusHost`` (the child process) leave this package."""

from .engine import JanusEngine
from .process import JanusHost

__all__ = ["JanusEngine", "JanusHost"]
