/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the library, and of the specification that it follows. */
#ifndef VIO_VERSION_H
#define VIO_VERSION_H

#define VIO_VERSION_MAJOR 0
#define VIO_VERSION_MINOR 1
#define VIO_VERSION_PATCH 0
#define VIO_VERSION       "0.1.0"

/* Section numbers in the headers are those of this document. */
#define VIO_SPECIFICATION "Virtual I/O Device (VIRTIO) Version 1.3"

#endif
