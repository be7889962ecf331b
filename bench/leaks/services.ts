/** Services that leak as services do, each with a twin that does not, and who must be named for it. */

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
  /** autocannon's words for how much traffic; as many requests as the bench says where it is missing. */
  readonly load?: string;
  readonly pprof?: string;
  /** What must be installed or compiled for it. */
  readonly needs?: 'go' | 'tsc';
}

const service = (name: string, keeper: RegExp): LeakingService => ({
  name,
  target: `node ${name}.mjs {kind}`,
  keeper,
  file: new RegExp(`^${name}\\.mjs$`),
  budget: 'growth.perRequest=200B',
});

/** The twelve that everybody knows. */
export const usualServices: readonly LeakingService[] = [
  service('listeners', /^listeners of "change" on shopEvents$/),
  service('closures', /^undoSteps$/),
  service('caches', /^PageCache\.#pages$/),
  service('sessions', /^store\.sessions$/),
  service('promises', /^warmedUp$/),
  service('timers', /^timers that were never cleared$/),
  service('globals', /^globalThis\.accessLog$/),
  service('contexts', /^sandboxes$/),
  service('async-storage', /^rootTrace\.spans$/),
  // Two descriptors a request: machines allow 20,000.
  { ...service('sockets', /^open handles: TCP that was never closed$/), load: '-a 8000' },
  service('child-processes', /^conversions$/),
  {
    name: 'map-in-go',
    target: './map-in-go/map-in-go {kind}',
    keeper: /^book\.visits in main\.\(\*visitBook\)\.remember$/,
    budget: 'growth.perSecond=1MB',
    file: /map-in-go\/main\.go$/,
    needs: 'go',
    // A limit by the second takes some: 20,000 requests were over after two.
    load: '-R 2000 -d 12',
    pprof: 'http://127.0.0.1:{port}/debug/pprof',
  },
];

/** Ways to keep things that the twelve do not have. */
export const unusualServices: readonly LeakingService[] = [
  service('abort-signals', /^listeners of "abort" on shutdown\.signal$/),
  service('finalization', /^freeLater$/),
  service('unread-stream', /^data not yet (read from|written to) auditTrail$/),
  service('string-slices', /^recentIds$/),
  service('agents', /^open handles: (TCP|Socket|Agent|ClientRequest) that was never closed$/),
  service('in-a-thread', /^rendered in thread \d+ renderer$/),
  service('in-a-cluster', /^Visitors\.#seen in process \d+$/),
  service('histories', /^CustomerStore\.#histories$/),
  { ...service('set-in-a-package', /^seen$/), file: /seen-before(@2\.3\.4)?\/index\.js$/ },
  {
    ...service('class-fields', /^VisitLog\.#visits$/),
    target: 'node dist/class-fields.js {kind}',
    file: /^class-fields\.ts$/,
    needs: 'tsc',
  },
];
