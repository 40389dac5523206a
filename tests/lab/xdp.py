#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""xdp - attaches an XDP program that passes every packet to a device.

  xdp.py attach DEV     by rtnetlink, as "ip link set xdp" does; the program stays attached
  xdp.py detach DEV
  xdp.py link DEV       by a bpf(2) link, as libxdp does; prints "linked", and detaches the
                        program at the end of standard input or when the process ends

Uses generic mode, which every device supports. Needs neither a compiler nor a library.
"""
import ctypes
import os
import socket
import struct
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
BPF_PROG_TYPE_XDP, BPF_XDP = 6, 37
XDP_FLAGS_SKB_MODE = 2
RTM_SETLINK, NLM_F_REQUEST, NLM_F_ACK = 19, 1, 4
IFLA_XDP, IFLA_XDP_FD, IFLA_XDP_FLAGS, NLA_F_NESTED = 43, 1, 3, 0x8000


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(SYS_BPF, command, buffer, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def load():
    # r0 = XDP_PASS; exit
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xB7, 0, 0, 2, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    return bpf(BPF_PROG_LOAD, struct.pack("=IIQQ", BPF_PROG_TYPE_XDP, 2, ctypes.addressof(code),
                                          ctypes.addressof(licence)) + bytes(96))


def attribute(kind, data):
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def set_link(device, fd):
    xdp = attribute(IFLA_XDP_FD, struct.pack("=i", fd))
    xdp += attribute(IFLA_XDP_FLAGS, struct.pack("=I", XDP_FLAGS_SKB_MODE))
    body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0)
    body += attribute(IFLA_XDP | NLA_F_NESTED, xdp)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(struct.pack("=IHHII", len(body) + 16, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
               + body)
        error = struct.unpack_from("=i", s.recv(4096), 16)[0]
    if error:
        raise OSError(-error, os.strerror(-error))


def make_link(device):
    link = bpf(BPF_LINK_CREATE, struct.pack("=IIII", load(), socket.if_nametoindex(device),
                                            BPF_XDP, XDP_FLAGS_SKB_MODE) + bytes(48))
    print("linked", flush=True)
    sys.stdin.read()
    os.close(link)


command, name = sys.argv[1:]
if command == "attach":
    set_link(name, load())
elif command == "detach":
    set_link(name, -1)
elif command == "link":
    make_link(name)
else:
    sys.exit(__doc__)
