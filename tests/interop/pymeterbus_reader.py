"""Reads a wireless M-Bus telegram with pyMeterBus and prints what it read as JSON. Runs in that library's own environment.

usage: pymeterbus_reader.py FRAME IDENTIFICATION KEY
FRAME without check words, IDENTIFICATION (eight digits) and KEY in hex. Prints the library's own words, numbers as text.
"""

import json
import sys

import meterbus

frame, identification, key = (bytes.fromhex(text) for text in sys.argv[1:4])
meterbus.add_wmbus_encryption_key(identification, key)
try:
    telegram = meterbus.load(frame)
    records = [json.loads(json.dumps(record.interpreted, default=str)) for record in telegram.records]
    print(json.dumps({"header": telegram.dataHeader.interpreted, "records": records}))
except Exception as error:  # noqa: BLE001  whatever it cannot read is an answer here
    print(json.dumps({"error": repr(error)}))
