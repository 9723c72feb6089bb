"""judges any device over any link; never sees our own devices"""

from meterhouse.conformance.bench import Bench
from meterhouse.conformance.judge import judge
from meterhouse.conformance.report import Report
from meterhouse.conformance.subject import KeyClient, PasswordClient, Subject, read_subject
from meterhouse.conformance.verdict import Judgement, Verdict
from meterhouse.conformance.wire import SerialWire, TcpWire, Wire

__all__ = [
    "Bench",
    "Judgement",
    "KeyClient",
    "PasswordClient",
    "Report",
    "SerialWire",
    "Subject",
    "TcpWire",
    "Verdict",
    "Wire",
    "judge",
    "read_subject",
]
