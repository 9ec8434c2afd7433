"""What the tests of ONVIF calls share."""

import asyncio

import pytest

from core.onvif.wsdls import Wsdls


@pytest.fixture(scope="session")
def wsdls() -> Wsdls:
    return asyncio.run(Wsdls.load())
