"""`camtrust doctor`, as far as it is about the gateway: looks, judges, changes nothing, and starts no engine."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from core.model.config import Config
from core.model.errors import CamtrustError, EngineGoneError
from core.model.text import clean
from core.service import doctor_facts as facts
from core.service import doctor_rules as rules
from core.service.access import missing_group
from core.service.doctor_rules import Attached, Check


async def examine(state_dir: Path, socket: Path, config: Config, *, starts: bool = True) -> list[Check]:
    """Return what there is to tell of the engine, this account's rights, files, discovery and the clock.

    Discovery is tried only where no engine runs and `config` names interfaces. Without `starts` it is the engine of the
    whole machine.
    """
    engine = await facts.ask_engine(socket)
    clock = facts.clock()
    return [
        rules.judge_versions(facts.versions(), engine.status if isinstance(engine, Attached) else None),
        rules.judge_engine(engine, socket, starts=starts),
        _rights(engine, socket),
        _looked("state folder", state_dir, lambda: rules.judge_folder(facts.state_folder(state_dir), uid=os.geteuid())),
        _looked("log", state_dir, lambda: rules.judge_log(facts.log_files(state_dir))),
        rules.judge_authority(engine, clock.now, timedelta(days=config.expiry_notice)),
        *_discovery(engine, config),
        rules.judge_clock(clock),
    ]


def examine_settings(files: tuple[Path, ...], error: CamtrustError | None) -> Check:
    """Return what there is to tell of the files of settings, `error` being the mistake that was found in them."""
    return rules.judge_settings([facts.settings_file(path) for path in files], error)


def _looked(name: str, path: Path, look: Callable[[], Check]) -> Check:
    """Return what a look at files comes to, also where the disk or the path does not let itself be looked at."""
    try:
        return look()
    except OSError as error:
        told = f"{clean(str(path), 200)} cannot be looked into: {error.strerror}"
        return Check(name, rules.WRONG, told, "Look at the path, then at the health of its disk.")


def _rights(engine: Attached | CamtrustError, socket: Path) -> Check:
    is_own = isinstance(engine, Attached) and engine.user == engine.owner
    group = None if isinstance(engine, Attached) else missing_group(socket)
    return rules.judge_rights(engine, uid=os.geteuid(), is_own=is_own, group=group)


def _discovery(engine: Attached | CamtrustError, config: Config) -> list[Check]:
    if isinstance(engine, Attached):
        return rules.judge_sources(engine.status)
    if not isinstance(engine, EngineGoneError):
        return [Check("discovery", rules.UNKNOWN, "only the engine can tell")]
    return rules.judge_ports(facts.try_ports(config.discovery, config.interfaces), config.interfaces)
