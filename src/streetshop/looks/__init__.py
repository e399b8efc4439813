"""Photo to look, look to garment pictures."""

from streetshop.looks.picture import garment_picture
from streetshop.looks.read import WHOLE_PHOTO, boxed_garment, read_look, whole_photo
from streetshop.looks.reader import Reader, load_reader

__all__ = [
    "WHOLE_PHOTO",
    "Reader",
    "boxed_garment",
    "garment_picture",
    "load_reader",
    "read_look",
    "whole_photo",
]
