"""What a server asks of the C library's allocator and of Python's collector of cycles."""

import ctypes
import gc
import platform

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 128 * 1024
#: New containers between two collections. A page is drawn of some ten thousand, hardly any of them in a cycle.
_CONTAINERS = 10_000


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


def set_aside() -> None:
    """Let no collection look at what there is by now: modules and the application stay until the process ends.

    To be called once, just before serving. A full collection of a quarter of a million objects takes a tenth of a second,
    in which nobody is answered; without them it takes a tenth of that, and comes seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_CONTAINERS, *gc.get_threshold()[1:])
