/** Where a run took place, for its report. */
import os from 'node:os';
import type { Environment } from '../../reports/model.ts';
import type { MachineFacts } from '../../reports/signoff.ts';
import { ControlGroup } from './control-group.ts';

/** What is the same for all that runs here. */
export function readMachineFacts(): MachineFacts {
  const cpus = os.cpus();
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
  };
}

const loadName = 'load average';
const limitName = 'control group limit';

/** Whether these are facts as they are read here. */
export function isExtra({ [loadName]: load = '', [limitName]: limit, ...more }: Environment['extra']): boolean {
  const isRead = /^\d+\.\d\d \d+\.\d\d \d+\.\d\d$/.test(load) && (limit === undefined || /^\d+ bytes$/.test(limit));
  return isRead && Object.keys(more).length === 0;
}

/** @param privilege how the TAP device was come by, in words */
export function readEnvironment(privilege: string): Environment {
  const { node, ...machine } = readMachineFacts();
  const limitBytes = ControlGroup.of(process.pid)?.limitBytes();
  return {
    node,
    v8: process.versions.v8,
    ...machine,
    privilege,
    extra: {
      [loadName]: os
        .loadavg()
        .map((load) => load.toFixed(2))
        .join(' '),
      ...(limitBytes === undefined ? {} : { [limitName]: `${limitBytes} bytes` }),
    },
  };
}
