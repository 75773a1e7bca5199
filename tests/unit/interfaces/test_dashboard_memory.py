"""What the allocator keeps of memory that is free again."""

import platform
import subprocess
import sys

import pytest

_HASHED = """
import hashlib, sys
from pathlib import Path
from binance_trade_agent.interfaces.dashboard.memory import give_back

def resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

give_back()
before = resident_mb()
kept = []
for number in range(3):
    hashlib.scrypt(b"password", salt=b"salt", n=2**14, r=8, p=1)
    kept.append(bytearray(100_000))
sys.stdout.write(str(resident_mb() - before))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of another C library")
def test_the_16_mb_of_a_digest_are_given_back():
    told = subprocess.run([sys.executable, "-c", _HASHED], capture_output=True, text=True, check=True)
    assert float(told.stdout) < 8
