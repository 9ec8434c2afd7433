import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.address_list import LONGEST_LIST, MOST_DEVICES, Entry, ListError, parse_list, parse_pasted
from core.model.errors import UsageError

GATE = Entry("192.168.20.1", "Gate", 1)
HALL = Entry("192.168.20.2:4443", "", 2)
BOTH = (GATE, HALL)

GOOD = {
    "commas": b"192.168.20.1,Gate\n192.168.20.2:4443,\n",
    "semicolons": b"192.168.20.1;Gate\n192.168.20.2:4443;\n",
    "tabs": b"192.168.20.1\tGate\n192.168.20.2:4443\n",
    "quotes": b'"192.168.20.1","Gate"\n"192.168.20.2:4443",""\n',
    "Windows": b"\xef\xbb\xbf192.168.20.1,Gate\r\n192.168.20.2:4443\r\n",
    "old Macintosh": b"192.168.20.1,Gate\r192.168.20.2:4443",
    "UTF-16": "192.168.20.1\tGate\r\n192.168.20.2:4443\r\n".encode("utf-16"),
    "spaces": b"  192.168.20.1 , Gate  \n 192.168.20.2:4443 \n\n",
    "empty columns": b"192.168.20.1,Gate,,\n192.168.20.2:4443,,,\n,,,\n",
    "mixed": b"192.168.20.1;Gate\n192.168.20.2:4443,\n",
}


@pytest.mark.parametrize("kind", GOOD)
def test_lists_of_all_kinds_are_read(kind: str) -> None:
    assert parse_list(GOOD[kind]) == BOTH


@pytest.mark.parametrize("heading", [b"address,name", b"IP Address;Name;", b'"Address"\t"Name"', b"host"])
def test_headings_comments_and_empty_lines_are_left_out_and_counted(heading: bytes) -> None:
    data = b"# cameras of the site\n\n" + heading + b"\n192.168.20.1,Gate\n# 192.168.20.9\n192.168.20.2\n"
    assert parse_list(data) == (Entry("192.168.20.1", "Gate", 4), Entry("192.168.20.2", "", 6))


def test_a_name_may_hold_other_separators_and_quoted_ones() -> None:
    data = b'10.0.0.1;Lobby, left\n10.0.0.2,"Lobby, ""B"""\n10.0.0.3,a;b\n10.0.0.4,Gate #2\n'
    assert [entry.name for entry in parse_list(data)] == ["Lobby, left", 'Lobby, "B"', "a;b", "Gate #2"]


def test_a_name_in_latin_1_is_read_as_it_was_written() -> None:
    assert parse_list("10.0.0.1;Büro\r\n".encode("latin-1"))[0].name == "Büro"
    assert parse_list("10.0.0.1;Büro\r\n".encode())[0].name == "Büro"


BAD = {
    b"300.1.1.1,Gate": "Line 1: '300.1.1.1' is no address of a device: '300.1.1.1' is not an IPv4 address.",
    b"10.0.0.1\n\n10.0.0.2:0": "Line 3: '10.0.0.2:0' is no address of a device: the port 0 is not between 1 and 65535.",
    b"10.0.0.1\n,Gate": "Line 2: the address is missing before 'Gate'.",
    b"10.0.0.1,Lobby, left": "Line 1: 'left' is one column too many (put a name with a comma in quotes).",
    b'10.0.0.1,"Gate': "Line 1: the quotes in '10.0.0.1,\"Gate' are not closed, or in the middle of a word.",
    b"10.0.0.1," + b"x" * 65: "Line 1: The name '" + "x" * 63 + "…' is too long.",
    b"10.0.0.1,a\x07b": "Line 1: The name 'a⟨0007⟩b' holds what cannot be shown.",
    b"10.0.0.1,A\n10.0.0.2\n10.0.0.1,B": "Line 3: '10.0.0.1' is in line 1 already.",
    b"10.0.0.1:443\nhttps://10.0.0.1:443": "Line 2: 'https://10.0.0.1:443' is in line 1 already.",
    b"10.0.0.1:443\nhttps://10.0.0.1": "Line 2: 'https://10.0.0.1' is in line 1 already.",
    b"10.0.0.1\n10.0.0.2\n10.0.0.1:8443": "Line 3: '10.0.0.1:8443' is in line 1 already.",
    b"10.0.0.1," + b"x" * 200_000: "Line 1: it is longer than 1,024 letters.",
    b"admin:secret@10.0.0.1": "Line 1: '…@10.0.0.1' is no address of a device: "
    "a user name and a password are given on their own.",
    b"10.0.0.0/24": "Line 1: '10.0.0.0/24' is no address of a device: "
    "it is several addresses (camtrust scan finds what answers there).",
}


@pytest.mark.parametrize("data", BAD)
def test_a_line_that_is_wrong_is_named_with_the_part_of_it(data: bytes) -> None:
    with pytest.raises(ListError) as raised:
        parse_list(data)
    assert raised.value.problems == (BAD[data],)
    assert raised.value.title == "1 line of the list cannot be used: nothing was added."
    assert BAD[data] in raised.value.hint


def test_all_lines_that_are_wrong_are_told_at_once_up_to_ten() -> None:
    with pytest.raises(ListError, match="12 lines") as raised:
        parse_list(b"10.0.0.1\n" + b"nothing here\n" * 12)
    assert len(raised.value.problems) == 11
    assert raised.value.problems[0].startswith("Line 2: ")
    assert raised.value.problems[10] == "And 2 more."


def test_what_is_given_otherwise_is_not_given_again() -> None:
    with pytest.raises(ListError) as raised:
        parse_list(b"10.0.0.1,Gate", [Entry("10.0.0.1")])
    assert raised.value.problems == ("Line 1: '10.0.0.1' is given otherwise already.",)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# nothing\n", b"address,name\n", b" ,; \t\n", b"\xef\xbb\xbf"])
def test_a_list_of_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="no address"):
        parse_list(data)


def test_a_list_is_bounded() -> None:
    lines = [b"10.0.%d.%d" % divmod(number, 250) for number in range(MOST_DEVICES + 1)]
    assert len(parse_list(b"\n".join(lines[:-1]))) == MOST_DEVICES
    with pytest.raises(UsageError, match="more than 1,000"):
        parse_list(b"\n".join(lines))
    with pytest.raises(UsageError, match="longer than"):
        parse_list(b"#" * (LONGEST_LIST + 1))


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1 10.0.0.2:4443",
        "10.0.0.1, 10.0.0.2:4443,",
        "\t10.0.0.1;\r\n10.0.0.2:4443\n\n",
        "10.0.0.1 10.0.0.2:4443 10.0.0.1",
    ],
)
def test_pasted_addresses_are_taken_apart_each_once(text: str) -> None:
    assert parse_pasted(text) == (Entry("10.0.0.1"), Entry("10.0.0.2:4443"))


def test_in_pasted_text_the_part_that_is_wrong_is_named() -> None:
    with pytest.raises(UsageError, match=r"'10\.0\.0\.300'"):
        parse_pasted("10.0.0.1, 10.0.0.300")
    with pytest.raises(UsageError, match="'and' is no address"):
        parse_pasted("10.0.0.1 and 10.0.0.2")
    assert parse_pasted("lobby") == (Entry("lobby"),)
    assert parse_pasted(" ") == ()


@pytest.mark.parametrize("text", ["10.0.0.1 https://x:sec,ret@10.0.0.2", "x:sec ret@10.0.0.1", "x/y:p;w@10.0.0.1"])
def test_a_password_in_pasted_text_is_not_told_not_even_in_parts(text: str) -> None:
    with pytest.raises(UsageError, match=r"^'…@10\.0\.0\.[12]' is no address of a device: a user name and a password"):
        parse_pasted(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    try:
        entries = parse_list(data)
    except UsageError as error:
        assert error.title.isprintable()
        assert all(line.isprintable() for line in error.hint.splitlines())
        return
    assert all(entry.name.isprintable() and entry.line for entry in entries)
