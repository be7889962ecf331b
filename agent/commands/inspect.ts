/** `floodgate-agent inspect FILE`: witnesses as JSON lines. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { WitnessInspector } from '../encode/witness-inspector.ts';
import { FloodgateError } from '../errors.ts';
import { OutputFile } from '../sinks/output-file.ts';
import { openRegularFile } from './regular-file.ts';

const chunkBytes = 256 << 10;

/** @throws FloodgateError when the file cannot be read or holds no witnesses. */
export function runInspect(file: string): void {
  const fd = open(file);
  const output = new OutputFile('-');
  try {
    const inspector = new WitnessInspector(fstatSync(fd).size, (line) => output.write(`${line}\n`));
    const chunk = Buffer.alloc(chunkBytes);
    for (;;) {
      const length = readSync(fd, chunk);
      if (length === 0 || output.closedByReader) break;
      inspector.push(chunk.subarray(0, length));
    }
    const rest = output.closedByReader ? 0 : inspector.end();
    if (rest > 0) process.stderr.write(`${rest} bytes after the last whole witness: the file was cut while written\n`);
  } finally {
    closeSync(fd);
    output.close();
  }
  if (output.failure !== null) throw output.failure;
}

function open(file: string): number {
  try {
    return openRegularFile(file);
  } catch (cause) {
    throw new FloodgateError('witnesses-unreadable', `cannot read ${file}: ${(cause as Error).message}`, {
      hint: 'give a file written by --witnesses, or one witness in binary protobuf',
      cause,
    });
  }
}
