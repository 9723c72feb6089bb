"""any DLMS bytes, byte by byte, with the names of the standard"""

from meterhouse.protocols.dlms.explain.apdus import explain_apdu
from meterhouse.protocols.dlms.explain.links import explain
from meterhouse.protocols.dlms.explain.nodes import Node
from meterhouse.protocols.dlms.explain.unlock import ExplainKeys

__all__ = ["ExplainKeys", "Node", "explain", "explain_apdu"]
