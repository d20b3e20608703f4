"""All use of ffprobe and ffmpeg (trust.md, Hostile files). Nothing else in the program starts them.

``probe``, ``read_packets`` and ``run`` read files of strangers: containers and decoders from a short list
(formats.py), local file only, limits on processor, memory, output and time, no network. ``packager_command`` gives
the live packager its command line.
"""

from media.ffmpeg.convert import run
from media.ffmpeg.faults import UnableToTranscode
from media.ffmpeg.formats import playable_codecs
from media.ffmpeg.inputs import MAX_PIXELS
from media.ffmpeg.probing import probe, read_packets
from media.ffmpeg.process import Limits
from media.ffmpeg.sandbox import ENVIRONMENT, UnableToConfine, is_enclosed, packager_command, sandbox_state

__all__ = [
    "ENVIRONMENT",
    "MAX_PIXELS",
    "Limits",
    "UnableToConfine",
    "UnableToTranscode",
    "is_enclosed",
    "packager_command",
    "playable_codecs",
    "probe",
    "read_packets",
    "run",
    "sandbox_state",
]
