# SPDX-License-Identifier: BSD-2-Clause
# QEMU's aarch64 machine `virt` without firmware.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
endif()
set(VIO_PORT qemu-aarch64 CACHE STRING "the port to build for")
# Nobody switches the floating-point unit on, nobody supplies atomic helpers.
set(CMAKE_C_FLAGS_INIT "-O2 -g -ffreestanding -fno-pic -fno-stack-protector \
-mgeneral-regs-only -mno-outline-atomics -ffunction-sections -fdata-sections")
