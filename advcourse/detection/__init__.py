"""Finding things in pictures: a small detector of one class, the boxes it answers with, and how good they are."""

from advcourse.detection.boxes import Found, overlap, suppressed
from advcourse.detection.detector import STRIDE, Detector, detection_loss, detector, found, precision_on
from advcourse.detection.faces import crop, looking_at, squares_around
from advcourse.detection.precision import average_precision, matched, precision_of

__all__ = [
    "STRIDE",
    "Detector",
    "detector",
    "detection_loss",
    "Found",
    "found",
    "overlap",
    "suppressed",
    "matched",
    "precision_of",
    "average_precision",
    "precision_on",
    "crop",
    "looking_at",
    "squares_around",
]
