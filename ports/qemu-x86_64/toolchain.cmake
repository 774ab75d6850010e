# SPDX-License-Identifier: BSD-2-Clause
# QEMU's x86-64 machines (microvm, q35, pc), with the host's GCC or Clang. The
# image lies at 1 MiB; interrupts use the stack they find, and nobody switches
# SSE on.
include(${CMAKE_CURRENT_LIST_DIR}/../common/toolchain.cmake)
vio_machine(x86_64 gcc 0x100000
    -fcf-protection=none -mno-red-zone -mno-sse -mgeneral-regs-only)
