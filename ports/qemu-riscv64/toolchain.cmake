# SPDX-License-Identifier: BSD-2-Clause
# QEMU's riscv64 machine `virt` without firmware.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
endif()
set(VIO_PORT qemu-riscv64 CACHE STRING "the port to build for")
# Nobody switches the floating-point unit on; the image lies at 2 GiB.
set(CMAKE_ASM_FLAGS_INIT "-march=rv64imac_zicsr -mabi=lp64")
set(CMAKE_C_FLAGS_INIT "-O2 -g -ffreestanding -fno-pic -fno-stack-protector \
-march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany \
-ffunction-sections -fdata-sections")
