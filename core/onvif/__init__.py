"""Calls to one ONVIF device: login, faults, keystore.

The libraries below write requests, and with them credentials, to their loggers at DEBUG: they are kept at WARNING
whatever the root logger is set to (rule R41).
"""

import logging

for _name in ("zeep", "httpx", "httpcore"):
    _logger = logging.getLogger(_name)
    _logger.setLevel(max(_logger.level, logging.WARNING))
