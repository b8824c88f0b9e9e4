"""Draws what a server found on the image that it was asked about. Needs Pillow.

The pictures are made like those of `localmamba detect --overlay` (client/overlay): what differs is
the font.
"""

from localmamba.drawing.results import draw_detections, draw_segmentation

__all__ = ["draw_detections", "draw_segmentation"]
