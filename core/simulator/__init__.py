"""Cameras that speak the real protocols on loopback, for the demo and the tests.

`camera.Camera` is one, `site.Site` a whole site with WS-Discovery, both made of `settings.CameraSettings`;
`python -m core.simulator` runs a site as a process of its own. Nothing of the product is imported here: these are the
other side, made from the specifications, so that a misreading shows.
"""
