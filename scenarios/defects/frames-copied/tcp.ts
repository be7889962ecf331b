/** The real layer, given a copy of each frame; the kernel takes no records by itself. */
import { TcpLayer as RealTcpLayer } from '../../../agent/tcp/tcp.ts';

export * from '../../../agent/tcp/tcp.ts';

export class TcpLayer extends RealTcpLayer {
  override readonly records = null;

  override frame(
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    tsUs: number,
    interfaceIndex: number,
  ): void {
    const copy = copyFrame(bytes, start, end);
    super.frame(copy, 0, copy.length, wireLength, tsUs, interfaceIndex);
  }
}

function copyFrame(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
