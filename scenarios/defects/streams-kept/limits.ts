/** The limits of the real agent, but for streams. */
import { type AgentLimits, deriveLimits as derive, type LimitOptions } from '../../../agent/limits.ts';

export * from '../../../agent/limits.ts';

const hourUs = 3_600_000_000;
const timesAsMany = 8;

export function deriveLimits(options: LimitOptions): AgentLimits {
  const limits = derive(options);
  const streamsMax = limits.tcp.streamsMax * timesAsMany;
  const kept = { idleTimeoutUs: hourUs, embryonicTimeoutUs: hourUs, closedHoldUs: hourUs };
  return { ...limits, tcp: { ...limits.tcp, ...kept, streamsMax }, http: { ...limits.http, streamsMax } };
}
