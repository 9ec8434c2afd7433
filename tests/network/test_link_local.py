from tests.alone import run_alone


def test_the_interface_that_an_address_names_reaches_the_connection() -> None:
    """In a network of its own, where an interface can be given an address."""
    run_alone("tests.network.link_local")
