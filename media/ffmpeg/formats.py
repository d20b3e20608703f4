"""What strangers' files may be made of. Short lists: whatever is not on them is refused before it is opened."""

from functools import lru_cache

from media.ffmpeg.sandbox import BUBBLEWRAP, sandbox_state

# Containers that hold their own media. Playlists (hls, dash, concat), images, scripts and devices are not among them.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,live_flv,asf,mp3,aac,wav,ogg,flac,amr,mpegvideo,dv"
# ffmpeg's name of the codec: the decoders that may be opened for it, where they are called otherwise.
DECODERS = {
    **{name: name for name in ("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "h263", "mjpeg", "theora", "vc1")},
    **{name: name for name in ("msmpeg4v2", "wmv1", "wmv2", "wmv3", "prores", "dnxhd", "dvvideo")},
    **{name: name for name in ("aac", "aac_latm", "vorbis", "flac", "alac", "ac3", "eac3", "wmav1", "wmav2", "wmapro")},
    **{name: name for name in ("wmavoice", "adpcm_ima_wav", "adpcm_ms", "pcm_s16le", "pcm_s16be", "pcm_s24le")},
    **{name: name for name in ("pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8", "pcm_alaw", "pcm_mulaw")},
    "vp8": "vp8,libvpx",
    "vp9": "vp9,libvpx-vp9",
    "av1": "libdav1d,av1,libaom-av1",
    "msmpeg4v3": "msmpeg4",
    "flv1": "flv",
    "mp2": "mp2,mp2float",
    "mp3": "mp3,mp3float",
    "opus": "opus,libopus",
    "amr_nb": "amrnb",
    "amr_wb": "amrwb",
}
# Old code, and many old party-school films: only where the process can reach nothing (bubblewrap).
CONFINED_FORMATS = "rm"
CONFINED_DECODERS = {
    **{name: name for name in ("rv10", "rv20", "rv30", "rv40", "cook", "sipr")},
    "ra_144": "real_144",
    "ra_288": "real_288",
}
# Covers, subtitles and second tracks: the prober opens them to say what they are, nothing decodes them.
BESIDE = (
    "png,webp,bmp,gif,tiff,mov_text,subrip,srt,ass,ssa,webvtt,text,dvdsub,dvbsub,pgssub,xsub,cc_dec,"
    "dca,truehd,mlp,nellymoser,cinepak,adpcm_ima_qt"
)
COVERS = "png,mjpeg"


@lru_cache(maxsize=2)
def _decoders(confined: bool) -> dict[str, str]:
    return DECODERS | CONFINED_DECODERS if confined else DECODERS


def playable_codecs() -> frozenset[str]:
    """The codecs (ffprobe's ``codec_name``) that can be taken on this machine."""
    return frozenset(_decoders(sandbox_state() == BUBBLEWRAP))


def formats(*, confined: bool) -> str:
    return f"{FORMATS},{CONFINED_FORMATS}" if confined else FORMATS


def decoders(*, confined: bool, probing: bool = False, covers: bool = False) -> str:
    """The whitelist of decoders; ``probing`` with what is only looked at, ``covers`` with still pictures."""
    names = ",".join(_decoders(confined).values())
    return ",".join([names, *([BESIDE] if probing else []), *([COVERS] if covers else [])])


KNOWN_CONTAINERS = {
    b".RMF": "RealMedia",
    b"\x06\x0e\x2b\x34": "MXF",
    b"FWS": "Flash SWF",
    b"CWS": "Flash SWF",
    b"FORM": "AIFF",
    b"caff": "CAF",
    b"MThd": "MIDI",
    b"DSD ": "DSF",
    b"wvpk": "WavPack",
    b"MAC ": "APE",
    b"DVDVIDEO": "DVD",
    b"nut/multimedia": "NUT",
}


def container_name(head: bytes) -> str:
    """What a film is packed in that cannot be taken; empty where the beginning tells of no film."""
    return next((name for magic, name in KNOWN_CONTAINERS.items() if head.startswith(magic)), "")


# How much after a tag is looked at: some programs leave room there.
SIGNATURE_BYTES = 16_384


def sound_format(data: bytes) -> str:
    """ffmpeg's name of the format that follows an ID3 tag; empty where it is none that has one."""
    data = data.lstrip(b"\0")
    if data.startswith(b"fLaC"):
        return "flac"
    if len(data) < 2 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return ""
    # MPEG's sound says its layer in two bits; that of ADTS (AAC) says none.
    return "mp3" if data[1] & 0x06 else "aac"
