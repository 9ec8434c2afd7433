from tests.alone import run_alone


def test_cameras_at_link_local_addresses_are_found_and_get_certificates() -> None:
    """In a network of its own, where the loopback interface can have such addresses."""
    run_alone("tests.engine.link_local", "ip")
