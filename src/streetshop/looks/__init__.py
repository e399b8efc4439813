"""Photo to look, look to garment pictures."""

from streetshop.looks.picture import garment_picture
from streetshop.looks.read import read_look
from streetshop.looks.reader import (
    NO_READER,
    PHOTO_SIDE,
    WHOLE_PHOTO,
    Reader,
    WholePhotoReader,
    boxed_garment,
    load_reader,
    whole_photo,
)

__all__ = [
    "NO_READER",
    "PHOTO_SIDE",
    "WHOLE_PHOTO",
    "Reader",
    "WholePhotoReader",
    "boxed_garment",
    "garment_picture",
    "load_reader",
    "read_look",
    "whole_photo",
]
