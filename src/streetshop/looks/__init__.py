"""Photo to look, look to garment pictures."""

from streetshop.looks.picture import garment_picture
from streetshop.looks.read import WHOLE_PHOTO, boxed_garment, read_look, whole_photo
from streetshop.looks.reader import NO_READER, Reader, load_reader

__all__ = [
    "NO_READER",
    "WHOLE_PHOTO",
    "Reader",
    "boxed_garment",
    "garment_picture",
    "load_reader",
    "read_look",
    "whole_photo",
]
