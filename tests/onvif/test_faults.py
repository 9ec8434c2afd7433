"""Faults of both SOAP versions: codes that decide, words that are only shown."""

import pytest

from core.model.errors import DeviceError, FaultError, UnsupportedError
from core.onvif.wsdls import Wsdls
from tests.onvif.scripted import S11, TER, Reply, ScriptedCamera, calling, fault, soap


def old_fault(code: str, words: str = "") -> Reply:
    """A SOAP 1.1 fault."""
    inner = f"<e:Fault {TER}><faultcode>{code}</faultcode><faultstring>{words}</faultstring></e:Fault>"
    return Reply(soap(inner, S11), 500)


async def error_of(wsdls: Wsdls, reply: Reply) -> DeviceError:
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        with pytest.raises(DeviceError) as raised:
            await device.information()
    return raised.value


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_codes_are_told_outermost_first_on_any_status(wsdls: Wsdls, status: int) -> None:
    reply = fault("Receiver", "Action", "MaximumNumberOfKeysReached", reason="Store full", status=status)
    error = await error_of(wsdls, reply)
    assert isinstance(error, FaultError)
    assert error.codes == ("Receiver", "Action", "MaximumNumberOfKeysReached")
    assert error.title == "The device has no room for another key"
    assert "Store full" in error.hint


@pytest.mark.parametrize(
    ("reply", "codes"),
    [
        (fault("Sender", "InvalidArgVal", "KeyLength"), ("Sender", "InvalidArgVal", "KeyLength")),
        (fault("Sender"), ("Sender",)),
        (old_fault("SOAP-ENV:Client"), ("Sender",)),
        (old_fault("Server.Busy"), ("Receiver", "Busy")),
        (old_fault("ter:ReferenceExists"), ("ReferenceExists",)),
        (Reply(soap("<e:Fault/>")), ()),
        (
            Reply(
                soap("<Fault><Code><Value>Sender</Value><Subcode><Value> ter:KeyID </Value></Subcode></Code></Fault>")
            ),
            ("Sender", "KeyID"),
        ),
        (fault("Sender", "a b", "<x/>", "é", "\u202e", "Ok", "x" * 65), ("Sender", "Ok")),
        (fault("Sender", *(f"C{n}" for n in range(50))), ("Sender", *(f"C{n}" for n in range(7)))),
    ],
)
async def test_codes_of_each_shape(wsdls: Wsdls, reply: Reply, codes: tuple[str, ...]) -> None:
    error = await error_of(wsdls, reply)
    assert isinstance(error, FaultError)
    assert error.codes == codes
    assert error.title


@pytest.mark.parametrize(
    "reply",
    [
        fault("Sender", "ActionNotSupported"),
        fault("Receiver", "ActionNotSupported"),
        fault("Receiver", "ActionNotSupported", "NoSuchService", status=500),
        old_fault("ter:ActionNotSupported"),
    ],
)
async def test_what_a_device_cannot_do_is_one_error(wsdls: Wsdls, reply: Reply) -> None:
    error = await error_of(wsdls, reply)
    assert isinstance(error, UnsupportedError)
    assert "GetDeviceInformation" in error.title


async def test_what_merely_failed_is_not_unsupported(wsdls: Wsdls) -> None:
    error = await error_of(wsdls, fault("Receiver", "ActionNotSupported", "EnablingTlsFailed"))
    assert isinstance(error, FaultError)
    assert "HTTPS" in error.title


async def test_words_decide_nothing_and_are_cleaned_and_cut(wsdls: Wsdls) -> None:
    hostile = "NotAuthorized\u202e&#x9b;2J " + "x" * 5000
    for reply in (fault("Sender", "InvalidArgVal", reason=hostile), old_fault("e:Client", hostile)):
        error = await error_of(wsdls, reply)
        assert isinstance(error, FaultError)
        assert error.title.startswith("The device refused: NotAuthorized⟨202E⟩⟨009B⟩2J")
        assert len(error.title) < 200
