"""The one door to ffprobe and ffmpeg (trust.md, Hostile files). Nothing else in the program starts them.

``probe`` and ``run`` read files of strangers: containers and decoders from a short list, local file only, limits on
processor, memory, output and time, no network. ``packager_command`` gives the live packager its command line.
"""

from media.ffmpeg.door import Limits, keyframe_gap, probe, run
from media.ffmpeg.faults import UnableToTranscode
from media.ffmpeg.sandbox import packager_command, sandbox_state

__all__ = ["Limits", "UnableToTranscode", "keyframe_gap", "packager_command", "probe", "run", "sandbox_state"]
