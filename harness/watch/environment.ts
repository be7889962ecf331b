/** Where a run took place, for its report. */
import os from 'node:os';
import type { Environment } from '../../reports/model.ts';
import { ControlGroup } from './control-group.ts';

/** @param privilege how the TAP device was come by, in words */
export function readEnvironment(privilege: string): Environment {
  const cpus = os.cpus();
  const limitBytes = ControlGroup.of(process.pid)?.limitBytes();
  return {
    node: process.version,
    v8: process.versions.v8,
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    privilege,
    extra: {
      'load average': os
        .loadavg()
        .map((load) => load.toFixed(2))
        .join(' '),
      ...(limitBytes === undefined ? {} : { 'control group limit': `${limitBytes} bytes` }),
    },
  };
}
