/** A metric with the request target as its label: one time series for every target that was ever asked for. */
export const summary = 'a histogram for every request target there ever was';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
