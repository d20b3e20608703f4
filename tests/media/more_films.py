"""Films by the dozen: what tests/media/films.py has one of, in every codec, size, rate and shape that people send.

Kept in tables: a row is what differs. ``make films`` makes all of them, the tests of every day a few.
"""
# ruff: noqa: E501 - one film a line reads as a table

from zlib import crc32

from tests.media.films import AAC, H264, REORDERED, Change, Film, cut_to, film, heard, refused, seen

# Of how many films by the dozen one is made every day.
SPARSE = 16


def is_daily(name: str) -> bool:
    """Always the same ones, spread over the tables."""
    return crc32(name.encode()) % SPARSE == 0


# Container, picture, sound, and the code with which it is refused.
CODECS = [
    ("avi", "mpeg4 -vtag XVID", "libmp3lame", ""),
    ("avi", "mpeg4 -bf 2 -vtag DX50", "ac3", ""),
    ("avi", "msmpeg4v2", "libmp3lame", ""),
    ("avi", "msmpeg4", "libmp3lame", ""),
    ("avi", "mjpeg -pix_fmt yuvj422p", "pcm_s16le", ""),
    ("avi", "libx264 -preset ultrafast", "libmp3lame", ""),
    ("avi", "wmv2", "adpcm_ima_wav", ""),
    ("avi", "mpeg4", "adpcm_ms", ""),
    ("avi", "mpeg4", "pcm_u8", ""),
    ("avi", "huffyuv", "pcm_s16le", "codec:huffyuv"),
    ("avi", "cinepak", "pcm_s16le", "codec:cinepak"),
    ("avi", "msvideo1 -pix_fmt rgb555le", "pcm_s16le", "codec:msvideo1"),
    ("avi", "ffv1", "pcm_s16le", "codec:ffv1"),
    ("asf", "msmpeg4", "wmav1", ""),
    ("wmv", "wmv1", "wmav1", ""),
    ("wmv", "wmv2 -g 12", "wmav2 -ar 22050", ""),
    ("flv", "flv -ar 44100", "libmp3lame", ""),
    ("flv", "libx264 -preset ultrafast", "libmp3lame -ar 44100", ""),
    ("flv", "flv", "adpcm_swf -ar 22050", "codec:adpcm_swf"),
    ("mpg", "mpeg1video", "mp2", ""),
    ("mpg", "mpeg2video -bf 2", "mp2 -ar 44100", ""),
    ("mpg", "mpeg2video", "ac3", ""),
    ("vob", "mpeg2video -bf 2", "ac3", ""),
    ("ts", "mpeg2video -bf 2", "mp2", ""),
    ("ts", "libx264 -preset ultrafast", "ac3", ""),
    ("ts", "libx264 -preset ultrafast", "mp2", ""),
    ("ts", "libx265 -preset ultrafast -x265-params log-level=none", "aac", ""),
    ("m2ts", "libx264 -preset ultrafast", "eac3", ""),
    ("3gp", "mpeg4", "aac -ar 16000", ""),
    ("3gp", "h263 -s 176x144", "aac -ar 8000", ""),
    ("3g2", "mpeg4", "aac -ar 22050", ""),
    ("mov", "mpeg4", "pcm_s16be", ""),
    ("mov", "mjpeg -pix_fmt yuvj420p", "pcm_u8", ""),
    ("mov", "prores_ks", "pcm_s24le", ""),
    ("mov", "libx264 -preset ultrafast", "alac", ""),
    ("mov", "libx265 -preset ultrafast -tag:v hvc1 -x265-params log-level=none", "aac", ""),
    ("mov", "svq1", "aac", "codec:svq1"),
    ("mp4", "mpeg4", "libmp3lame", ""),
    ("mp4", "libx265 -preset ultrafast -x265-params log-level=none", "ac3", ""),
    ("mp4", "libvpx-vp9 -deadline realtime -cpu-used 8", "libopus", ""),
    ("mp4", "libsvtav1 -preset 12", "aac", ""),
    ("mp4", "libx264 -preset ultrafast", "flac -strict -2", ""),
    ("mkv", "mpeg4", "libvorbis", ""),
    ("mkv", "mpeg2video -bf 2", "ac3", ""),
    ("mkv", "mjpeg -pix_fmt yuvj420p", "pcm_s16le", ""),
    ("mkv", "libtheora", "libvorbis", ""),
    ("mkv", "libvpx -deadline realtime", "flac", ""),
    ("mkv", "libvpx-vp9 -deadline realtime -cpu-used 8", "libopus", ""),
    ("mkv", "libx265 -preset ultrafast -x265-params log-level=none", "eac3", ""),
    ("mkv", "libx264 -preset ultrafast", "pcm_s24le", ""),
    ("mkv", "ffv1", "flac", "codec:ffv1"),
    ("mkv", "libx264 -preset ultrafast", "truehd -strict -2 -ar 48000", "codec:truehd"),
    ("webm", "libvpx -deadline realtime", "libvorbis", ""),
    ("webm", "libvpx-vp9 -deadline realtime -cpu-used 8", "libopus", ""),
    ("ogv", "libtheora", "libvorbis", ""),
    ("ogv", "libtheora -g 12", "flac", ""),
    ("ogg", "libtheora", "libopus", ""),
]
SIZES = [
    "98x54",
    "130x98",
    "54x98",
    "176x144",
    "352x288",
    "321x241",
    "322x182",
    "250x250",
    "426x240",
    "64x240",
    "400x64",
    "34x34",
    "640x360",
    "480x854",
]
RATES = ["8", "10", "25/2", "15000/1001", "16", "20", "24000/1001", "24", "30", "48", "50", "90"]
SOUNDS = [
    *((rate, 1, codec) for rate, codec in ((8000, "aac"), (11025, "aac"), (16000, "aac"), (22050, "libmp3lame"))),
    *((rate, 2, codec) for rate, codec in ((24000, "aac"), (32000, "libmp3lame"), (44100, "aac"), (96000, "aac"))),
    *((48000, channels, codec) for channels, codec in ((3, "ac3"), (4, "aac"), (6, "aac"), (6, "eac3"), (8, "aac"))),
]
# Frames of an eighth of a second: the one before the sound and the last one's rest are played, too.
COARSE = {8000: 1.8, 11025: 1.76}
GROUPS = (1, 2, 12, 75, 250)
# Suffix, how it is made, and how long a player plays when the last three percent of ten seconds have not arrived.
TAILS: list[tuple[str, str, float]] = [
    ("ts", f"{H264} {AAC}", 9.76), ("mpg", "-c:v mpeg2video -b:v 300k -c:a mp2", 10.0), ("flv", f"{H264} {AAC}", 9.68),
    ("avi", "-c:v mpeg4 -b:v 300k -c:a libmp3lame", 9.88), ("mkv", f"{H264} {AAC}", 9.64),
    ("mp4", f"{H264} {AAC} -movflags frag_keyframe+empty_moov", 10.0), ("wmv", "-c:v wmv2 -b:v 300k -c:a wmav2", 9.68),
    ("mp3", "-map 1 -c:a libmp3lame", 9.74), ("ogv", "-c:v libtheora -b:v 300k -c:a libvorbis", 9.6),
]  # fmt: skip


def named(*parts: object) -> str:
    return "_".join(str(part) for part in parts).replace("/", "_over_")


def codec_films() -> list[Film]:
    made = []
    for suffix, picture, sound, code in CODECS:
        name = named(
            suffix, picture.split()[0], sound.split()[0], *([picture.split()[2]] if "-bf 2" in picture else [])
        )
        step = f"{seen(1.6, size='352x288' if 'h261' in picture else '128x96')} {heard(1.6)} -pix_fmt yuv420p"
        step += f" -b:v 300k -c:v {picture} -c:a {sound}"
        if any(own in picture for own in ("-pix_fmt", "prores", "huffyuv", "svq1", "cinepak")):
            step = step.replace(" -pix_fmt yuv420p", "", 1)
        kind = refused(name, code, step, suffix=f".{suffix}") if code else film(name, 1.6, step, suffix=f".{suffix}")
        made.append(kind)
    return made


def shape_films() -> list[Film]:
    made = [
        film(f"size_{size}", 1.2, f"{seen(1.2, size=size)} {heard(1.2)} -c:v libx264 -preset ultrafast {AAC}"
             f" -pix_fmt {'yuv444p' if '1x' in size else 'yuv420p'}")
        for size in SIZES
    ]  # fmt: skip
    for rate in RATES:
        name = named("at", rate)
        made.append(film(name, 3, f"{seen(3, rate)} {heard(3)} {H264} {AAC}"))
        made.append(film(f"{name}_mkv", 3, f"{seen(3, rate)} {heard(3)} {REORDERED} {AAC}", suffix=".mkv"))
    for hertz, channels, codec in SOUNDS:
        step = f"{seen(1.6)} {heard(1.6)} {H264} -c:a {codec} -ar {hertz} -ac {channels}"
        made.append(film(named("sound", hertz, channels, codec), COARSE.get(hertz, 1.6), step, suffix=".mkv"))
        if codec == "aac":
            made.append(film(named("sound_alone", hertz, channels), 1.6, f"{heard(1.6)} -c:a aac -ar {hertz} -ac {channels}",
                             suffix=".m4a", rungs=("audio",)))  # fmt: skip
    for group in GROUPS:
        step = f"{seen(3)} {heard(3)} {H264} -g {group} -keyint_min {min(group, 25)} {AAC}"
        made.append(film(f"group_{group}", 3, step))
        made.append(film(f"group_{group}_ts", 3, step, suffix=".ts"))
    return made


def time_films() -> list[Film]:
    plain, made = f"{seen(4)} {heard(4)} {H264} {AAC}", []
    for start in ("0.3", "0.9", "1.7"):
        for suffix in ("mp4", "mov"):
            step = f"-ss {start} -i {{0}} -t 2 -c copy"
            made.append(film(named("from", start, suffix), 2, plain, step, suffix=f".{suffix}"))
    for offset in (0.5, 10, 3600):
        for suffix in ("mkv", "ts", "mp4"):
            step = f"-i {{0}} -c copy -output_ts_offset {offset}"
            made.append(film(named("later", offset, suffix), 4, plain, step, suffix=f".{suffix}"))
    for turn in (90, 180, 270):
        for suffix, size in (("mov", "128x96"), ("mp4", "96x128")):
            step = f"-i {{0}} -c copy -metadata:s:v rotate={turn}"
            own = f"{seen(1.6, size=size)} {heard(1.6)} {H264} {AAC}"
            made.append(film(named("turned", turn, suffix), 1.6, own, step, suffix=f".{suffix}"))
    made += [
        film("timecode_track", 2, f"{seen(2)} {heard(2)} {H264} {AAC} -timecode 10:00:00:00", suffix=".mov"),
        film("three_sounds", 2, f"{seen(2)} {heard(2)} {heard(2, 880)} {heard(2, 660)} -map 0 -map 1 -map 2 -map 3 {H264} {AAC}"),
        film("sound_first", 2, f"{heard(2)} {seen(2)} -map 0 -map 1 {H264} {AAC}"),
        film("a_tenth", 0.4, f"{seen(0.4)} {heard(0.4)} {H264} {AAC}", suffix=".mkv"),
    ]  # fmt: skip
    return made


def tail_films() -> list[Film]:
    made = []
    for suffix, options, length in TAILS:
        change: Change = cut_to(0.97)
        made.append(
            film(f"tail_{suffix}", length, f"{seen(10)} {heard(10)} {options}", suffix=f".{suffix}", change=change)
        )
    return made


MORE_FILMS = [*codec_films(), *shape_films(), *time_films(), *tail_films()]
