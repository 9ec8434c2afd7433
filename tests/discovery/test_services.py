from hypothesis import given
from hypothesis import strategies as st

from core.discovery.datagrams import Datagram
from core.discovery.dns_sd import PTR, SRV, TXT, Fact, Service, read_facts
from core.discovery.services import KNOWN_TYPES, TYPES, Services
from core.model.sighting import Kind, Sighting
from tests.discovery.dns_answers import CAMERA, answer

DATAGRAM = Datagram(b"", "10.0.0.7", "10.0.0.1")
VIDEO, HTTP, HTTPS = (Service(kind, "Cam") for kind in ("_axis-video._tcp", "_http._tcp", "_https._tcp"))
WHOLE = Sighting(
    source="mDNS",
    address="10.0.0.7",
    interface="10.0.0.1",
    ports=(("https", 8443), ("http", 80)),
    name="Front door",
    manufacturer="Axis",
    mac="ac:cc:8e:01:23:45",
    kind=Kind.CAMERA,
)


def learned(*facts: Fact, now: float = 0) -> Services:
    services = Services(60)
    services.learn(facts, now)
    return services


def sighting(services: Services) -> Sighting:
    return services.sighting(DATAGRAM, "mDNS")


def test_one_answer_with_all_records_makes_a_whole_sighting() -> None:
    assert sighting(learned(*read_facts(CAMERA, KNOWN_TYPES))) == WHOLE


@given(st.permutations(read_facts(CAMERA, KNOWN_TYPES)), st.data())
def test_records_that_come_apart_and_in_any_order_add_up(facts: list[Fact], data: st.DataObject) -> None:
    services = Services(60)
    while facts:
        count = data.draw(st.integers(1, len(facts)))
        services.learn(facts[:count], 0)
        facts = facts[count:]
    assert sighting(services) == WHOLE and services.incomplete() == []


def test_https_ports_come_first_and_only_the_ports_of_web_pages_count() -> None:
    services = learned(
        Fact(HTTP, SRV, 8080),
        Fact(HTTPS, SRV, 4443),
        Fact(Service("_rtsp._tcp", "Cam"), SRV, 10554),
        Fact(Service("_ipp._tcp", "Cam"), SRV, 6310),
        Fact(VIDEO, SRV, 8080),
    )
    assert sighting(services).ports == (("https", 4443), ("http", 8080))


def test_a_port_that_changes_replaces_the_old_one() -> None:
    services = learned(Fact(HTTPS, SRV, 443))
    services.learn([Fact(HTTPS, SRV, 8443)], 1)
    assert sighting(services).ports == (("https", 8443),)


def test_a_farewell_takes_one_service_and_the_last_one_takes_the_device() -> None:
    services = learned(Fact(HTTP, SRV, 80), Fact(HTTPS, SRV, 443))
    services.learn([Fact(HTTPS, PTR, gone=True)], 1)
    assert (sighting(services).gone, sighting(services).ports) == (False, (("http", 80),))
    services.learn([Fact(HTTP, SRV, gone=True)], 1)
    assert sighting(services).gone
    services.learn([Fact(HTTP, SRV, 80)], 2)
    assert not sighting(services).gone


def test_the_farewell_of_a_text_is_none_of_the_device() -> None:
    services = learned(Fact(HTTP, SRV, 80))
    services.learn([Fact(HTTP, TXT, gone=True)], 1)
    assert sighting(services).ports == (("http", 80),)


def test_a_service_that_is_not_heard_of_any_more_is_forgotten() -> None:
    services = learned(Fact(HTTP, SRV, 80), Fact(HTTPS, SRV, 443))
    services.learn([Fact(HTTP, PTR)], 50)
    services.learn([Fact(HTTP, PTR)], 100)
    assert sighting(services).ports == (("http", 80),)


def test_what_is_missing_is_what_would_tell_something() -> None:
    printer = Service("_ipp._tcp", "Printer")
    services = learned(Fact(HTTP, PTR), Fact(VIDEO, SRV, 80), Fact(HTTPS, SRV, 443), Fact(printer, PTR))
    assert set(services.incomplete()) == {HTTP, VIDEO}


def test_names_are_cleaned_and_the_best_type_names_the_device() -> None:
    services = learned(Fact(Service("_http._tcp", "Web\x1b[2J"), SRV, 80))
    assert sighting(services).name == "Web⟨001B⟩[2J"
    services.learn([Fact(VIDEO, SRV, 80)], 0)
    assert sighting(services).name == "Cam"


def test_one_address_cannot_have_services_without_end() -> None:
    services = Services(60)
    for number in range(500):
        services.learn([Fact(Service("_http._tcp", str(number)), SRV, 8000 + number)], 0)
    assert len(services) == 32 and len(sighting(services).ports) == 8
    assert services.sighting(DATAGRAM, "mDNS") == sighting(services)


def test_each_type_that_is_asked_for_is_understood() -> None:
    for kind in TYPES:
        [fact] = read_facts(answer((kind, 8080), only=(SRV,)), KNOWN_TYPES)
        assert not sighting(learned(fact)).gone
