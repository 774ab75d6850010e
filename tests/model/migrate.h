/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live migration: the state of a device is saved, another process that knows
 * nothing but that loads it, and goes on.
 *
 * What a device is (its features, its configuration, its disk) is the same on
 * both sides, and what the monitors know of the driver goes with the driver.
 * Everything else of the device's is lost unless it is saved here.
 */
#ifndef MODEL_MIGRATE_H
#define MODEL_MIGRATE_H

#include "pci.h"

/* Save it, lose it, load it. */
void model_migrate(struct model_dev *d);
void model_pci_migrate(struct model_pci *m);

#endif
