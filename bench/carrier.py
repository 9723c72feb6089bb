"""One carrier process that holds ten thousand hubs, each on a TLS connection of its own with its own certificate."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.registry import Figure, bench
from meterhouse.app.carrier_door import carrier_door
from meterhouse.carrier import Carrier, CarrierSettings
from meterhouse.companion.certificate import CertifiedRole, Domain, dns_domain, dns_name
from meterhouse.companion.relay import Call, Frame, FrameReader, Hello, Kind, LineClass, Role
from meterhouse.crypto import P256, KeyPair, Purpose, Template, certify, certify_root
from meterhouse.links import Pump, SystemClock, mutual_tls, run_loop
from meterhouse.model import DAY, HOUR, Eui64, Instant

__all__: list[str] = []

HUBS = 10_000
HOST = "127.0.0.1"
AT_ONCE = 100
PASSES = 20_000
HEAD_END = Eui64(b"\x02MHb\0\0\0\0")


def hub(number: int) -> Eui64:
    return Eui64(b"\x02MHa" + number.to_bytes(4, "big"))


def pair(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


@dataclass(frozen=True)
class Authority:
    """A root, an issuer of devices and parties, and a folder for what TLS reads from files."""

    folder: Path

    def __post_init__(self) -> None:
        now = SystemClock().now()
        begins, ends = Instant(now - DAY), Instant(now + DAY)
        permitted = (dns_domain(Domain.UTILITY), dns_domain(Domain.ORGANISATION))
        root = certify_root(pair("root"), Template("root", "", "", Purpose.ISSUE, begins, ends), self.entropy)
        template = Template("issuer", "", "", Purpose.ISSUE, begins, ends, permitted)
        issuer = certify(root, pair("root"), template, pair("issuer").public, self.entropy)
        (self.folder / "authority.pem").write_text(pem(root) + pem(issuer))
        object.__setattr__(self, "issuer", issuer)
        object.__setattr__(self, "times", (begins, ends))

    def entropy(self, size: int) -> bytes:
        return sha256(str(time.perf_counter_ns()).encode()).digest()[:size]

    def context(self, eui: Eui64, role: CertifiedRole, key: KeyPair, *, server: bool = False) -> ssl.SSLContext:
        template = Template("x", dns_name(eui, role), role.value, Purpose.TLS, *self.times)  # type: ignore[attr-defined]
        der = certify(self.issuer, pair("issuer"), template, key.public, self.entropy)  # type: ignore[attr-defined]
        chain, private = self.folder / f"{eui}.pem", self.folder / "key.pem"
        chain.write_text(pem(der))
        if not private.exists():
            private.write_bytes(key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return mutual_tls(self.folder / "authority.pem", chain, private, server=server)


def pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


def resident() -> int:
    """Resident memory of this process, bytes."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def hold(pipe: Connection, folder: str) -> None:
    """The carrier's process: listens, and says how large it is whenever it is asked."""

    async def main() -> None:
        carrier = Carrier(CarrierSettings("carrier", lambda _h, _b: True, 2 * HOUR, attested=True))
        pump = Pump(SystemClock())
        pump.add(carrier)
        tls = Authority(Path(folder)).context(HEAD_END, CertifiedRole.CARRIER, pair("one"), server=True)
        door = carrier_door(carrier, lambda _eui: False)
        port = await pump.listen(carrier, "line", HOST, 0, tls=tls, introduce=door)
        running = asyncio.create_task(pump.run())
        pipe.send(port)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            used = time.process_time()
            pipe.send((resident(), used))
        running.cancel()

    run_loop(main())


async def dial(port: int, hello: Hello, tls: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(HOST, port, ssl=tls)
    writer.write(hello.frame().encode())
    await reader.readexactly(len(Frame(Kind.WELCOME).encode()))
    return reader, writer


async def fleet(port: int, folder: Path) -> tuple[float, list[asyncio.StreamWriter], asyncio.StreamReader]:
    """All hubs on the line; seconds that took, without making their certificates."""
    authority, lines, spent = Authority(folder), [], 0.0
    first: asyncio.StreamReader | None = None
    for start in range(0, HUBS, AT_ONCE):
        euis = [hub(number) for number in range(start, min(HUBS, start + AT_ONCE))]
        contexts = [authority.context(eui, CertifiedRole.HUB, pair("one")) for eui in euis]
        began = time.perf_counter()
        made = await asyncio.gather(
            *(dial(port, Hello(Role.HUB, eui), tls) for eui, tls in zip(euis, contexts, strict=True))
        )
        spent += time.perf_counter() - began
        lines += [writer for _, writer in made]
        first = first or made[0][0]
    assert first is not None
    return spent, lines, first


async def passes(port: int, folder: Path, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> float:
    """Frames a second that pass from a head end to the first hub, with the other 9,999 on the line."""
    tls = Authority(folder).context(HEAD_END, CertifiedRole.HEAD_END, pair("one"))
    _, caller = await dial(port, Hello(Role.HEAD_END, HEAD_END), tls)
    caller.write(Call(hub(0), LineClass.ORDER).frame(1).encode())
    frames = FrameReader()
    while not (called := [one for one in frames.feed(await reader.read(4096)) if one.kind is Kind.CALL]):
        pass
    writer.write(Frame(Kind.ANSWERED, called[0].session).encode())
    data = Frame(Kind.DATA, 1, bytes(200)).encode()
    began, heard = time.perf_counter(), 0
    for _ in range(PASSES):
        caller.write(data)
    while heard < PASSES:
        heard += len(frames.feed(await reader.read(1 << 16)))
    took = time.perf_counter() - began
    caller.close()
    return PASSES / took


@bench
def carrier_hubs() -> Iterator[Figure]:
    """Ten thousand hubs on mutual TLS, one carrier process."""
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = get_context("spawn").Pipe()
        process = get_context("spawn").Process(target=hold, args=(theirs, name), daemon=True)
        process.start()
        try:
            port = ours.recv()
            yield from asyncio.run(measure(ours, port, Path(name)))
        finally:
            ours.send(False)
            process.join(10)
            process.kill()


async def measure(pipe: Connection, port: int, folder: Path) -> list[Figure]:
    pipe.send(True)
    empty, _ = pipe.recv()
    took, lines, first = await fleet(port, folder)
    pipe.send(True)
    full, cpu = pipe.recv()
    rate = await passes(port, folder, lines[0], first)
    note = f"{HUBS:,} hubs, each with a certificate of its own, TLS 1.3 both ways, one process"
    figures = [
        Figure("carrier: hubs held by one process", "hubs", float(len(lines)), limit=10_000.0, note=note),
        Figure(
            "carrier: hubs a MiB holds",
            "1/MiB",
            HUBS / ((full - empty) / 2**20),
            note=f"{(full - empty) // HUBS} B a hub, TLS and all; {full >> 20} MiB in all",
        ),
        Figure(
            "carrier: hubs that dial in and are welcomed",
            "1/s",
            HUBS / took,
            note=f"{cpu / HUBS * 1e3:.2f} ms of the carrier's processor each; both ends on this machine",
        ),
        Figure(
            "carrier: frames of 200 bytes relayed with all on the line",
            "1/s",
            rate,
            note="one session, head end to hub, TLS both ways",
        ),
    ]
    for line in lines:
        line.transport.abort()
    return figures
