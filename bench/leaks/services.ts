/** Twelve services that leak as services do, each with a twin that does not, and who must be named for it. */

export interface LeakingService {
  readonly name: string;
  /** `{kind}` is `leak` or `clean`. */
  readonly target: string;
  /** The keeper as the report names it. */
  readonly keeper: RegExp;
  /** The file that it is in. */
  readonly file: RegExp;
  /** Clean programs drift by some bytes a request; of a Go program requests are not counted. */
  readonly budget: string;
  readonly pprof?: string;
}

const service = (name: string, keeper: RegExp): LeakingService => ({
  name,
  target: `node bench/leaks/testdata/${name}.mjs {kind}`,
  keeper,
  file: new RegExp(`/${name}\\.mjs$`),
  budget: 'growth.perRequest=200B',
});

export const leakingServices: readonly LeakingService[] = [
  service('listeners', /^listeners of "change" on shopEvents$/),
  service('closures', /^undoSteps$/),
  service('caches', /^PageCache\.#pages$/),
  service('sessions', /^store\.sessions$/),
  service('promises', /^warmedUp$/),
  service('timers', /^timers that were never cleared$/),
  service('globals', /^globalThis\.accessLog$/),
  service('contexts', /^sandboxes$/),
  service('async-storage', /^rootTrace\.spans$/),
  service('sockets', /^open handles: TCP that was never closed$/),
  service('child-processes', /^conversions$/),
  {
    name: 'map-in-go',
    target: '{folder}/map-in-go {kind}',
    keeper: /^book\.visits in main\.\(\*visitBook\)\.remember$/,
    budget: 'growth.perSecond=1MB',
    file: /map-in-go\/main\.go$/,
    pprof: 'http://127.0.0.1:{port}/debug/pprof',
  },
];
