# SPDX-License-Identifier: BSD-2-Clause
# QEMU's x86-64 machines (microvm, q35, pc), with the host's GCC or Clang.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER gcc)
endif()
set(VIO_PORT qemu-x86_64 CACHE STRING "the port to build for")
# Interrupts use the stack they find, and nobody switches SSE on.
set(CMAKE_C_FLAGS_INIT "-O2 -g -ffreestanding -fno-pic -fno-stack-protector \
-fcf-protection=none -mno-red-zone -mno-sse -mgeneral-regs-only \
-ffunction-sections -fdata-sections")
