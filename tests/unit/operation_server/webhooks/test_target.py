"""Addresses of webhooks, friendly and hostile."""

from __future__ import annotations

import ipaddress
import socket
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from operation_server.webhooks.addresses import METADATA, AddressPolicy, plain
from operation_server.webhooks.errors import WebhookRefused
from operation_server.webhooks.resolution import find_addresses
from operation_server.webhooks.target import parse_target

NOBODY = AddressPolicy()
PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "192.168.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
]  # fmt: skip
private = st.sampled_from(PRIVATE).map(ipaddress.IPv4Address)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("https://Example.COM/a?b=c%20d", "example.com", 443, "/a?b=c%20d"),
        ("http://example.com:8080/a", "example.com", 8080, "/a"),
        ("https://[2606:4700::1]:8443/a", "2606:4700::1", 8443, "/a"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://hooks.slack.com/services/T0/B0/x", "hooks.slack.com", 443, "/services/T0/B0/x"),
    ],
)
def test_what_it_says(url: str, host: str, port: int, path: str) -> None:
    target = parse_target(url)

    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/", "https://", "https:///path", "https:example.com",
        "https://user@example.com/", "https://example.com@10.0.0.1/", "https://example.com\\@10.0.0.1/",
        "https://example.com/#fragment", "https://example.com/#", "https://exa mple.com/",
        "https://example.com/\r\nX-Other: yes", "https://example.com/\x00", "https://bücher.example/",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
        "https://127.1/", "https://127.0.0.1./", "https://1.2.3.4.5/", "https://example.com:0/",
        "https://example.com:22/", "https://example.com:99999/", "https://example.com:port/",
        "https://[::1%25lo]/", "https://[::1%lo]/", "https://[::1", "https://[example.com]/", "https://-a.example/",
        "https://a..example/", "https://example.com./", "file:///etc/passwd", "gopher://example.com/",
        "javascript:alert(1)", "https://" + "a" * 64 + ".example/", "https://example.com/" + "a" * 2_000,
        "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://%31%32%37.0.0.1/",
    ],
)  # fmt: skip
def test_what_nobody_needs_is_refused(url: str) -> None:
    with pytest.raises(WebhookRefused):
        parse_target(url)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/", f"https://example.com{text}"):
        try:
            target = parse_target(url)
        except WebhookRefused:
            continue
        assert url.isascii()
        assert target.host == target.host.lower()
        assert not set(target.host) & set("@/?#[] \\%")


@given(private, st.sampled_from(["", "::ffff:", "64:ff9b::", "::"]))
async def test_private_addresses_are_refused_in_all_forms(
    address: ipaddress.IPv4Address, prefix: str
) -> None:
    url = f"https://[{prefix}{address}]/" if prefix else f"https://{address}/"

    with pytest.raises(WebhookRefused):
        await find_addresses(NOBODY, parse_target(url))


@given(private)
async def test_private_addresses_are_refused_as_numbers(address: ipaddress.IPv4Address) -> None:
    (number,) = struct.unpack("!I", address.packed)
    octets = [int(each) for each in str(address).split(".")]
    forms = [
        str(number), hex(number), oct(number).replace("o", ""),
        ".".join(map(hex, octets)), f"{octets[0]}.{number & 0xFFFFFF}",
    ]  # fmt: skip
    for form in forms:
        with pytest.raises(WebhookRefused):
            await find_addresses(NOBODY, parse_target(f"https://{form}/"))


@given(st.ip_addresses())
def test_what_is_let_through_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assume(NOBODY.refusal(address) is None)

    assert plain(address).is_global
    assert not plain(address).is_private
    assert not plain(address).is_loopback
    assert not plain(address).is_link_local
    assert not plain(address).is_multicast


@given(st.sampled_from(sorted(METADATA, key=str)))
def test_nobody_may_allow_metadata(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    every = AddressPolicy([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])

    assert every.refusal(address) is not None


async def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", both)

    with pytest.raises(WebhookRefused, match=r"10\.0\.0\.1"):
        await find_addresses(NOBODY, parse_target("https://both.example/"))


async def test_http_goes_to_allowed_networks_only() -> None:
    allowing = AddressPolicy([ipaddress.ip_network("10.0.0.0/8")])

    assert await find_addresses(allowing, parse_target("http://10.0.0.1/"))
    with pytest.raises(WebhookRefused, match="https"):
        await find_addresses(allowing, parse_target("http://93.184.215.14/"))
    with pytest.raises(WebhookRefused):
        await find_addresses(NOBODY, parse_target("http://10.0.0.1/"))
