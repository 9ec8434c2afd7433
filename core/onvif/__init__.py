"""Calls to one device over ONVIF: login, faults, keystore."""
