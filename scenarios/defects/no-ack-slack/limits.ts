/** The limits of the real agent, but for what waits behind an acknowledgement. */
import { type AgentLimits, deriveLimits as derive, type LimitOptions } from '../../../agent/limits.ts';

export * from '../../../agent/limits.ts';

export function deriveLimits(options: LimitOptions): AgentLimits {
  const limits = derive(options);
  return { ...limits, tcp: { ...limits.tcp, ackSlackPackets: 1, ackSlackLeastUs: 0, ackSlackUs: 1 } };
}
