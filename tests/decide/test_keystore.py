from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from core.decide.keystore import (
    Call,
    Change,
    Ours,
    alias_prefix,
    find_room,
    is_all_there_is,
    is_assigned,
    leftovers,
    take_back,
    was_there,
)
from core.model.keystore import (
    CertificationPath,
    Inventory,
    Key,
    KeyState,
    KeystoreCapabilities,
    MadeKey,
    StoredCertificate,
    Way,
)

OURS = Ours("camtrust/gw/op1", candidate=b"ours", key="k2", keys_before=frozenset({"k1"}))


def key(id: str, alias: str = "") -> Key:  # noqa: A002 - the field's own word
    return Key(id, alias, KeyState.OK)


def certificate(id: str, key: str, alias: str = "", der: bytes = b"foreign") -> StoredCertificate:  # noqa: A002
    return StoredCertificate(id, key, alias, der)


def path(id: str, *certificates: str, alias: str = "") -> CertificationPath:  # noqa: A002
    return CertificationPath(id, alias, certificates)


FACTORY = Inventory(
    keys=(key("k1", "factory"),),
    certificates=(certificate("c1", "k1", "factory", b"leaf"),),
    paths=(path("p1", "c1", alias="factory"),),
    assigned=("p1",),
)


def with_ours(alias: str, assigned: str) -> Inventory:
    return Inventory(
        keys=(*FACTORY.keys, key("k2", alias)),
        certificates=(*FACTORY.certificates, certificate("c2", "k2", alias, b"ours")),
        paths=(*FACTORY.paths, path("p2", "c2", alias=alias)),
        assigned=(assigned,),
    )


def test_there_is_room_where_no_limit_is_reached_or_said() -> None:
    assert find_room(KeystoreCapabilities(most_keys=2), FACTORY, b"leaf").old_path == "p1"
    assert find_room(KeystoreCapabilities(), Inventory(), b"leaf").old_path == ""


def test_a_full_keystore_is_told_with_numbers() -> None:
    room = find_room(KeystoreCapabilities(most_keys=1, most_certificates=1, most_paths=9), FACTORY, b"leaf")
    assert "keys (1 of 1), certificates (1 of 1)" in room.problem
    assert room.hint


def test_the_keys_of_authorities_take_no_room() -> None:
    authority = Key("k9", "site CA", KeyState.OK, private=False)
    inventory = Inventory((*FACTORY.keys, authority), FACTORY.certificates, FACTORY.paths, FACTORY.assigned)
    assert find_room(KeystoreCapabilities(most_keys=2), inventory, b"leaf").problem == ""


def test_of_several_assigned_paths_the_one_that_serves_the_leaf_is_replaced() -> None:
    inventory = Inventory(
        certificates=(certificate("c1", "k1"), certificate("c2", "k2", der=b"leaf")),
        paths=(path("p1", "c1"), path("p2", "c2")),
        assigned=("p1", "p2"),
    )
    assert find_room(KeystoreCapabilities(), inventory, b"leaf").old_path == "p2"
    assert find_room(KeystoreCapabilities(), inventory, b"other").old_path == "p1"


def test_an_install_is_taken_back_in_the_order_that_references_allow() -> None:
    assert take_back(with_ours(OURS.alias, "p2"), OURS, "p1") == (
        Call(Change.REPLACE_ASSIGNMENT, "p2", "p1"),
        Call(Change.DELETE_PATH, "p2"),
        Call(Change.DELETE_CERTIFICATE, "c2"),
        Call(Change.DELETE_KEY, "k2"),
    )


def test_the_assignment_is_not_touched_where_ours_is_not_assigned() -> None:
    changes = [call.change for call in take_back(with_ours(OURS.alias, "p1"), OURS, "p1")]
    assert changes == [Change.DELETE_PATH, Change.DELETE_CERTIFICATE, Change.DELETE_KEY]


def test_without_a_former_path_ours_is_removed_from_the_server() -> None:
    assert take_back(with_ours(OURS.alias, "p2"), OURS, "")[0] == Call(Change.REMOVE_ASSIGNMENT, "p2")


def test_a_device_that_forgets_aliases_still_gives_back_all_that_is_ours() -> None:
    inventory = with_ours("", "p2")
    assert is_assigned(inventory, OURS)
    assert [call.target for call in take_back(inventory, OURS, "p1")] == ["p2", "p2", "c2", "k2"]


def test_an_id_alone_never_makes_a_key_ours() -> None:
    orphan = Ours("camtrust/gw/op1", key="k1")
    assert take_back(FACTORY, orphan, "p1") == ()
    known_before = Ours("camtrust/gw/op1", key="k9", keys_before=frozenset({"k9"}))
    assert take_back(Inventory(keys=(key("k9"),)), known_before, "") == ()


def test_a_device_that_shortens_aliases_gives_back_its_key_too() -> None:
    inventory = with_ours(OURS.alias[:8], "p1")
    assert [call.target for call in take_back(inventory, OURS, "p1")] == ["p2", "c2", "k2"]


def test_what_something_else_came_to_use_stays() -> None:
    ours = with_ours(OURS.alias, "p1")
    in_their_path = Inventory(ours.keys, ours.certificates, (*ours.paths, path("p3", "c1", "c2")), ("p1",))
    for_our_key = Inventory(ours.keys, (*ours.certificates, certificate("c3", "k2")), ours.paths, ("p1",))
    for inventory, gone in ((in_their_path, ["p2"]), (for_our_key, ["p2", "c2"])):
        assert [call.target for call in take_back(inventory, OURS, "p1")] == gone
        assert [call.target for call in leftovers(inventory, "camtrust/gw/")] == gone


def test_leftovers_of_earlier_installs_go_but_what_is_served_stays() -> None:
    prefix = alias_prefix("gw")
    inventory = Inventory(
        keys=(key("k1", "factory"), key("k2", prefix + "old"), key("k3", prefix + "now"), key("k4", "camtrust/b/x")),
        certificates=(
            certificate("c1", "k1", "factory"),
            certificate("c2", "k2", prefix + "old"),
            certificate("c3", "k3", prefix + "now"),
        ),
        paths=(path("p1", "c1"), path("p2", "c2", alias=prefix + "old"), path("p3", "c3", alias=prefix + "now")),
        assigned=("p3",),
    )
    assert [call.target for call in leftovers(inventory, prefix, keep=prefix + "now")] == ["p2", "c2", "k2"]
    served = Inventory(inventory.keys, inventory.certificates, inventory.paths, ("p2",))
    assert leftovers(served, prefix, keep=prefix + "now") == ()


aliases = st.sampled_from(["", "factory", "camtrust/gw/op1", "camtrust/gw/op0", "camtrust/other/op1"])
ids = st.sampled_from([f"x{n}" for n in range(6)])


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    keys = [key(id, draw(aliases)) for id in draw(st.sets(ids))]  # noqa: A001
    ders = st.sampled_from([b"ours", b"leaf", b"foreign"])
    certificates = [certificate(id, draw(ids), draw(aliases), draw(ders)) for id in draw(st.sets(ids))]  # noqa: A001
    paths = [path(id, draw(ids), alias=draw(aliases)) for id in draw(st.sets(ids))]  # noqa: A001
    return Inventory(tuple(keys), tuple(certificates), tuple(paths), tuple(draw(st.sets(ids, max_size=2))))


@given(inventories())
def test_nothing_of_others_is_ever_touched(inventory: Inventory) -> None:
    calls = take_back(inventory, OURS, "x0")
    assert foreign_objects(inventory, (OURS.alias,), calls) == []
    cleared = leftovers(inventory, "camtrust/gw/", keep=OURS.alias)
    assert foreign_objects(inventory, ("camtrust/gw/op0",), cleared) == []
    assert not {call.target for call in cleared if call.change is Change.DELETE_PATH} & set(inventory.assigned)


def foreign_objects(inventory: Inventory, ours: Iterable[str], calls: Iterable[Call]) -> list[Call]:
    """The deletions that hit something which has neither our alias, nor our bytes, nor our key's id."""
    wrong = []
    for call in calls:
        if call.change is Change.DELETE_CERTIFICATE:
            [item] = [item for item in inventory.certificates if item.id == call.target]
            mine = item.alias in ours or item.der == b"ours"
        elif call.change is Change.DELETE_KEY:
            [found] = [found for found in inventory.keys if found.id == call.target]
            mine = found.alias in ours
        elif call.change is Change.DELETE_PATH:
            [chain] = [chain for chain in inventory.paths if chain.id == call.target]
            leaf = [item for item in inventory.certificates if item.id == chain.certificates[0]]
            mine = chain.alias in ours or any(item.alias in ours or item.der == b"ours" for item in leaf)
        else:
            mine = True
        wrong += [] if mine else [call]
    return wrong


def test_a_former_path_that_the_device_took_off_is_assigned_again_before_ours_goes() -> None:
    ours = with_ours(OURS.alias, "p2")
    nothing = Inventory(ours.keys, ours.certificates, ours.paths)
    assert take_back(nothing, OURS, "p1")[0] == Call(Change.ADD_ASSIGNMENT, "p1")
    assert take_back(nothing, OURS, "")[0] == Call(Change.DELETE_PATH, "p2")


def test_what_took_the_place_of_the_former_certificate_is_all_that_there_is() -> None:
    overwritten = Inventory(certificates=(certificate("c1", "", "", b"ours"),), paths=(path("c1", "c1"),))
    assert is_all_there_is(overwritten, OURS, "c1")
    assert is_all_there_is(overwritten, OURS, "c0")
    assert not is_all_there_is(overwritten, OURS, "")
    other = (certificate("c2", "", "theirs"), path("c2", "c2"))
    theirs = Inventory(
        certificates=(*overwritten.certificates, other[0]), paths=(*overwritten.paths, other[1]), assigned=("c2",)
    )
    assert not is_all_there_is(theirs, OURS, "c0")


def test_what_is_shown_is_no_leftover_whatever_is_said_to_be_assigned() -> None:
    alias = "camtrust/gw/old"
    inventory = Inventory(
        keys=(key("k1", alias),),
        certificates=(certificate("c1", "k1", alias, b"shown"), certificate("c2", "", alias, b"")),
        paths=(path("p1", "c1", alias=alias),),
    )
    assert [call.target for call in leftovers(inventory, "camtrust/gw/")] == ["p1", "c1", "c2", "k1"]
    assert [call.target for call in leftovers(inventory, "camtrust/gw/", {b"shown"}, leaf=b"shown")] == ["c2"]


def test_a_key_that_a_device_had_is_not_a_new_one() -> None:
    held = Inventory(keys=(key("1"),), certificates=(certificate("2", "1", der=b"factory"),))
    assert was_there(held, MadeKey("1"), Way.KEYSTORE)
    assert not was_there(held, MadeKey("2"), Way.KEYSTORE)
    assert was_there(held, MadeKey("2"), Way.DEVICE)
    assert was_there(held, MadeKey("9", makeshift=b"factory"), Way.DEVICE)
    assert not was_there(held, MadeKey("2", makeshift=b"new"), Way.DEVICE)
