"""What firmware does wrong, each as a switch."""

from typing import Literal

import msgspec

XAddrs = Literal["own", "other_host", "two_ports", "http_only", "link_local"]
Unsupported = Literal["fault", "sender_fault", "html_404", "html_500"]


class Quirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What firmware does that no specification asks for.

    - `upload_activates`: a certificate that fits a key of the camera is assigned as soon as it is uploaded.
    - `keeps_old_certificate`: takes an assignment and goes on serving the certificate that it came with.
    - `serves_own_version`: serves a certificate that it signs itself, for the same key, instead of the one assigned.
    - `presents_last`: of several assigned paths serves the last, not the first.
    - `loses_assignment_reply`: the web server restarts before it has answered the call that changed its certificate.
    - `http_restarts_too`: the HTTP port is closed while HTTPS restarts.
    - `forgets_assignment`: an assignment is not kept over a power cut.
    - `new_certificate_at_boot`: makes and assigns a self-signed certificate with a new key at each start.
    - `sloppy_certificates`: writes out `critical FALSE` in the certificates that it makes itself, which DER forbids and
      strict programs refuse to read (RFC 5280, 4.1; X.690, 11.5).
    - `negative_serials`, `zero_serials`: the certificates that it makes itself have such a serial number, which is
      forbidden (RFC 5280, 4.1.2.2).
    - `version_1_certificates`: the certificates that it makes itself are X.509 version 1, without extensions.
    - `keys_fail`: every key that it makes ends up corrupt.
    - `ignores_protocols`: SetNetworkProtocols says yes and changes nothing.
    - `fixed_ports`: SetNetworkProtocols refuses every port but the one that a protocol has already.
    - `protocols_need_reboot`: SetNetworkProtocols changes what GetNetworkProtocols says at once, and what is served
      only from the next start on.
    - `certificate_for_address`: what it makes itself names its address, and at another address it makes and assigns a
      new one.
    - `token_needs_z`: takes only times that end in Z in a UsernameToken.
    - `clock_needs_login`: tells the time only to those who have logged in.
    - `tells_attempts`: a refused login says how many are left.
    - `html_401`: who is not logged in gets a web page with the status 401.
    - `empty_until_digest`: what needs no login is answered with nothing, status 200, until a Digest login came with it.
    - `offers_basic`: over HTTPS it offers and takes Basic, too, first of all (RFC 7617).
    - `nonce_once`: each nonce of Digest is good for one request.
    - `faults_on_200`: faults come with the HTTP status 200.
    - `soap_1_1_faults`: faults are those of SOAP 1.1, with `faultcode` and `faultstring`, and of its media type.
    - `other_prefixes`: messages have other prefixes for their namespaces than the specifications use.
    - `broken_utf8`: the model's name and the reasons of faults hold a byte that UTF-8 does not allow.
    - `unsupported`: what comes instead of an operation that is not there: the fault, the fault with the other side to
      blame, or a web page with the status 404 or 500.
    - `no_get_services`: the device service has GetCapabilities, and neither GetServices nor GetServiceCapabilities.
    - `xaddrs`: what the addresses of the services name: `other_host` a host that is not there, `two_ports` the port
      twice, `http_only` HTTP whatever was asked, `link_local` an IPv6 address without its zone.
    - `local_time_ahead`: the time that it tells for UTC is its local time, so many seconds ahead. Logins go by UTC.
    - `ignores_csr_subject`: requests from the keystore name the camera, whatever subject was asked for.
    - `one_key`: every camera with this firmware makes the same key (EC only).
    - `requests`: what is wrong with the certificate requests: they are for the `first_key` of the camera instead, or
      their signature is `broken`.
    - `key_estimate`: says this instead of how long a key takes, or with `no_key_estimate` nothing.
    - `certificate_needs_reboot`: goes on serving the certificate that it had at its start until the next one.
    - `makeshift_certificate`: while the web server restarts there is another one with a certificate of its own.
    - `serves_in_turn`: for a while after a restart serves the old certificate and the new one by turns.
    - `redirects_to_https`: every request over HTTP is sent to HTTPS while that is on.
    - `tells_strangers`: GetDeviceInformation needs no login.
    - `hangs_up`: ends a connection after each answer without having said so.
    """

    upload_activates: bool = False
    keeps_old_certificate: bool = False
    serves_own_version: bool = False
    presents_last: bool = False
    loses_assignment_reply: bool = False
    http_restarts_too: bool = False
    forgets_assignment: bool = False
    new_certificate_at_boot: bool = False
    sloppy_certificates: bool = False
    negative_serials: bool = False
    zero_serials: bool = False
    version_1_certificates: bool = False
    keys_fail: bool = False
    ignores_protocols: bool = False
    fixed_ports: bool = False
    protocols_need_reboot: bool = False
    certificate_for_address: bool = False
    token_needs_z: bool = False
    clock_needs_login: bool = False
    tells_attempts: bool = False
    html_401: bool = False
    empty_until_digest: bool = False
    offers_basic: bool = False
    nonce_once: bool = False
    faults_on_200: bool = False
    soap_1_1_faults: bool = False
    other_prefixes: bool = False
    broken_utf8: bool = False
    unsupported: Unsupported = "fault"
    no_get_services: bool = False
    xaddrs: XAddrs = "own"
    local_time_ahead: float = 0.0
    ignores_csr_subject: bool = False
    one_key: bool = False
    requests: Literal["good", "first_key", "broken"] = "good"
    key_estimate: str = ""
    no_key_estimate: bool = False
    certificate_needs_reboot: bool = False
    makeshift_certificate: bool = False
    serves_in_turn: bool = False
    redirects_to_https: bool = False
    tells_strangers: bool = False
    hangs_up: bool = False
