/** clinic's doctor, which starts the target, samples it from within and writes a page of advice. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Note } from '../../../reports/model.ts';
import type { Wrapper } from '../../target/target.ts';
import { findOnPath, missingTool } from './find-tool.ts';
import { type BringOrder, type Instrument, samplerCeilingBytes } from './instrument.ts';

/** clinic reads its samples and writes its page after the target's end. */
const stopTimeoutMs = 180_000;

export const doctor: Instrument = {
  kind: 'doctor',
  activity: 'replaying under clinic doctor',
  disturbs: true,
  needsNode: true,
  holdsTraffic: false,
  use: undefined,
  checkTools: () => void findClinic(),
  start: (folder) => ({ wrapper: doctorWrapper(findClinic(), folder) }),
  describe: () => ['clinic doctor'],
  ceilingBytes: samplerCeilingBytes,
  aim: () => ({ frameMarks: [] }),
  bring: (_pass, order) => ({ notes: [doctorNote(order)] }),
};

function doctorNote({ folder, passFolder }: BringOrder): Note {
  const page = findDoctorPage(passFolder);
  return page
    ? { severity: 'info', text: `clinic doctor: ${path.relative(folder, page)}` }
    : {
        severity: 'warning',
        text: 'clinic doctor left no page: it needs a target that ends by itself at SIGINT (and Node.js 20 or later).',
      };
}

/** clinic's command. @throws FloodgateError `tool-missing` */
export function findClinic(): string {
  const command = findOnPath('clinic');
  if (command) return command;
  throw missingTool('clinic', '--doctor', 'npm install --global clinic');
}

/** The target under clinic's doctor, which samples it from within and writes its page below `folder`. */
function doctorWrapper(clinic: string, folder: string): Wrapper {
  return {
    command: clinic,
    arguments: ['doctor', '--open=false', '--dest', folder, '--'],
    // It would ask for permission to report to its makers, and end without an answer.
    env: { NO_INSIGHT: '1' },
    // To the whole group, as Ctrl-C does: the target ends, and clinic, which waits for it, goes on.
    stopSignal: 'SIGINT',
    stopTimeoutMs,
  };
}

/** The page that clinic left; undefined where the target did not end in good order. */
export function findDoctorPage(folder: string): string | undefined {
  const name = existsSync(folder) ? readdirSync(folder).find((each) => each.endsWith('.html')) : undefined;
  return name && path.join(folder, name);
}
