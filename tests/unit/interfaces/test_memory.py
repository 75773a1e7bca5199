"""What a server keeps of memory that is free again, and what its collections look at."""

import platform
import subprocess
import sys

import pytest

_HASHED = """
import hashlib, sys
from pathlib import Path
from binance_trade_agent.interfaces.memory import give_back

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
_SET_ASIDE = """
import gc, sys, weakref
from binance_trade_agent.interfaces.memory import set_aside

class Node:
    pass

old = Node()
set_aside()
new, looked_at = Node(), gc.get_objects()
new.itself = new
gone = weakref.ref(new)
print(any(each is old for each in looked_at), any(each is new for each in looked_at))
del new, looked_at
gc.collect()
print(gone() is None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of another C library")
def test_the_16_mb_of_a_digest_are_given_back() -> None:
    assert float(_told(_HASHED)) < 8


def test_collections_leave_out_what_there_was_and_take_what_came_later() -> None:
    assert _told(_SET_ASIDE).split() == ["False", "True", "True"]


def _told(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
