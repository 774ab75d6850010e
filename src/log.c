/* SPDX-License-Identifier: BSD-2-Clause */
#include "env_call.h"

#ifndef VIO_NO_ENV

void vio_log(const struct vio_env *env, enum vio_log_level level,
             const char *msg)
{
    if (vio_can_log(env))
        env->log(env->ctx, level, msg);
}

#endif
