# SPDX-License-Identifier: MIT
"""inject - make another process do a system call (x86-64)

The process sleeps in the kernel; it is stopped there, its registers are set
so that the instruction that brought it there is carried out once more, with
another number and other arguments, and then it is let go.
"""
import ctypes
import os
import signal
import time

_ATTACH, _DETACH, _STEP, _GETREGS, _SETREGS = 16, 17, 9, 12, 13
_SYSCALL_LEN = 2  # bytes of the instruction
_NO_CALL = 2 ** 64 - 1  # what stands for the number outside of calls
_WALL = 0x40000000  # threads, too
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                         ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class _Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax "
        "rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()]


def _ptrace(what, pid, data=None):
    if _libc.ptrace(what, pid, None, data) < 0:
        err = ctypes.get_errno()
        raise OSError(err, f"ptrace {what}: {os.strerror(err)}")


def _at_instruction(pid, address):
    """Is it about to be carried out, because of an earlier injection?"""
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(address)
        return memory.read(_SYSCALL_LEN) == b"\x0f\x05"


def _place(pid, address, text):
    """Put a string where nothing of the process's is."""
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        memory.write(os.fsencode(text) + b"\0")
    return address


def _stop(pid):
    """Stop it in a system call, or just before one; its registers. What is
    still on its way there is let go on."""
    regs = _Registers()
    while True:
        _ptrace(_ATTACH, pid)
        os.waitpid(pid, _WALL)
        _ptrace(_GETREGS, pid, ctypes.byref(regs))
        if regs.orig_rax != _NO_CALL or _at_instruction(pid, regs.rip):
            return regs
        _ptrace(_DETACH, pid)
        time.sleep(0.01)


def call(pid, number, *args):
    """Make the process do a system call; what it returned. An argument that
    is a string is put below its stack, and its address passed.

    None: the process was killed by SIGSYS for it.
    """
    regs = _stop(pid)
    saved = _Registers.from_buffer_copy(regs)
    if not _at_instruction(pid, regs.rip):
        regs.rip -= _SYSCALL_LEN
    args = [_place(pid, regs.rsp - 4096, a) if isinstance(a, str) else a
            for a in args]
    regs.rax, regs.orig_rax = number, _NO_CALL
    for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"),
                           (*args, 0, 0, 0, 0, 0, 0)):
        setattr(regs, name, value)
    _ptrace(_SETREGS, pid, ctypes.byref(regs))
    _ptrace(_STEP, pid)
    _, status = os.waitpid(pid, _WALL)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGSYS, status
        return None
    _ptrace(_GETREGS, pid, ctypes.byref(regs))
    # It goes on as if a signal had woken it up: the call is made again.
    if saved.orig_rax < 2 ** 63:
        saved.rip -= _SYSCALL_LEN
        saved.rax, saved.orig_rax = saved.orig_rax, _NO_CALL
    _ptrace(_SETREGS, pid, ctypes.byref(saved))
    _ptrace(_DETACH, pid)
    return ctypes.c_longlong(regs.rax).value
