# SPDX-License-Identifier: BSD-2-Clause
# What the toolchain files of the machines have in common: the port is the folder
# of the file that calls this, the image is linked for an address, and what the
# compiler is to know of the processor follows.
macro(vio_machine processor compiler image_base)
    set(CMAKE_SYSTEM_NAME Generic)
    set(CMAKE_SYSTEM_PROCESSOR ${processor})
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    if(NOT CMAKE_C_COMPILER)
        set(CMAKE_C_COMPILER ${compiler})
    endif()
    get_filename_component(VIO_PORT ${CMAKE_CURRENT_LIST_DIR} NAME)
    set(VIO_PORT ${VIO_PORT} CACHE STRING "the port to build for")
    string(JOIN " " CMAKE_C_FLAGS_INIT -O2 -g -ffreestanding -fno-pic
        -fno-stack-protector -ffunction-sections -fdata-sections ${ARGN})
    set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--defsym=image_base=${image_base}")
endmacro()
