"""Detectors: Mask R-CNN and RT-DETR under one interface."""

from streetshop.lab.nets.detect.build import build_detector
from streetshop.lab.nets.detect.detector import Detector, Target

__all__ = ["Detector", "Target", "build_detector"]
