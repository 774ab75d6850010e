# SPDX-License-Identifier: BSD-2-Clause
# QEMU's aarch64 machine `virt` without firmware. The image lies past the device
# tree that QEMU puts at the start of RAM, of 1 MiB, if it fits there; nobody switches the floating-point
# unit on, nobody supplies atomic helpers.
include(${CMAKE_CURRENT_LIST_DIR}/../common/toolchain.cmake)
vio_machine(aarch64 aarch64-linux-gnu-gcc 0x40200000
    -mgeneral-regs-only -mno-outline-atomics)
