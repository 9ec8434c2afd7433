"""What holds for all tests, whoever started them and on whatever machine."""

import signal

import pytest
from hypothesis import settings

from tests.report import KEY, Report

# A shell that runs this in the background hands down an ignored SIGINT, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: no example fails for being slow.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[KEY] = Report()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, lines in config.stash[KEY].lines.items():
        terminalreporter.section(heading)
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[KEY]
