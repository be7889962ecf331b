/** The real layer, which decodes every frame itself. */
import { TcpLayer as RealTcpLayer } from '../../../agent/tcp/tcp.ts';

export * from '../../../agent/tcp/tcp.ts';

export class TcpLayer extends RealTcpLayer {
  override readonly records = null;
}
