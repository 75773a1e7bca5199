"""What the process asks of the C library's allocator."""

import ctypes
import platform

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 128 * 1024


def give_back() -> None:
    """Let memory that is free again go back to the system; to be called before the first thread starts.

    By itself glibc keeps an arena a thread, and once 16 MB (a digest of the password) were freed, all that is smaller.
    Elsewhere nothing is done.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    for parameter, value in (
        (_ARENA_MAX, 1),
        (_MMAP_THRESHOLD, _KEPT_BYTES),
        (_TRIM_THRESHOLD, _KEPT_BYTES),
    ):
        library.mallopt(parameter, value)
