# SPDX-License-Identifier: BSD-2-Clause
# QEMU's riscv64 machine `virt` without firmware. The image lies at the start of
# RAM, at 2 GiB; nobody switches the floating-point unit on.
include(${CMAKE_CURRENT_LIST_DIR}/../common/toolchain.cmake)
vio_machine(riscv64 riscv64-linux-gnu-gcc 0x80000000
    -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany)
set(CMAKE_ASM_FLAGS_INIT "-march=rv64imac_zicsr -mabi=lp64")
