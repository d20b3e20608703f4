"""What one can do with videos: make, retry, adopt, transcode, upload."""

from media.operations.captions import (
    Kept,
    UnableToKeepCaptions,
    delete_captions,
    keep_captions,
    shift_captions,
    upload_captions,
)
from media.operations.clips import UnableToCut, cut_video, plan_cut
from media.operations.drawing import Drawing
from media.operations.faults import UnableToNoteFault, note_fault
from media.operations.jobs import drop_sources, drop_unnamed, reconcile_jobs, transcode
from media.operations.keeping import UnableToDeleteVideo, delete_video, drop_replaced
from media.operations.storyboards import add_storyboard
from media.operations.uploads import (
    Piece,
    UnableToUpload,
    append_upload,
    begin_piece,
    create_upload,
    drop_expired_uploads,
    drop_upload,
    finish_upload,
    held_bytes,
    keep_piece,
    rename_upload,
    resume_upload,
)
from media.operations.videos import (
    PlacedRecording,
    UnableToAdopt,
    UnableToCreate,
    UnableToRetry,
    adopt_recording,
    carry_chapters,
    create_video,
    mark_replaced,
    place_recording,
    retry_video,
)

__all__ = [
    "Drawing",
    "Kept",
    "Piece",
    "PlacedRecording",
    "UnableToAdopt",
    "UnableToCreate",
    "UnableToCut",
    "UnableToDeleteVideo",
    "UnableToKeepCaptions",
    "UnableToNoteFault",
    "UnableToRetry",
    "UnableToUpload",
    "add_storyboard",
    "adopt_recording",
    "append_upload",
    "begin_piece",
    "carry_chapters",
    "create_upload",
    "create_video",
    "cut_video",
    "delete_captions",
    "delete_video",
    "drop_expired_uploads",
    "drop_replaced",
    "drop_sources",
    "drop_unnamed",
    "drop_upload",
    "finish_upload",
    "held_bytes",
    "keep_captions",
    "keep_piece",
    "mark_replaced",
    "note_fault",
    "place_recording",
    "plan_cut",
    "reconcile_jobs",
    "rename_upload",
    "resume_upload",
    "retry_video",
    "shift_captions",
    "transcode",
    "upload_captions",
]
