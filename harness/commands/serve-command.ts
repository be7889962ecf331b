/** `floodgate serve`: the project's history, or a folder of runs, on a page of trends, each run with a way to its own report. For this machine only. */
import { createReadStream, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { type Report, type RunReport, runsOf } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { reporters } from '../../reports/reporter.ts';
import { renderTrends, type TrendEntry } from '../../reports/trends.ts';
import { historyPlace } from './history-place.ts';
import type { HistorySite } from './history-site.ts';

/** Folders looked at; the names of runs begin with their time, so these are the latest. */
const FOLDERS_MAX = 2_000;
/** A report of half a million samples has 10 MB. */
const REPORT_BYTES_MAX = 128 * 1024 * 1024;
const examples = `
Examples:
  floodgate serve              the project's history, on http://127.0.0.1:8780/; without one, the runs in ./runs
  floodgate serve DIR --port 0 the runs of a folder, on any free port`;

interface ServeFlags {
  readonly port: string;
  readonly config?: string;
}

export function addServeCommand(command: Command): void {
  command
    .description(
      'Serves the history of a project, or the reports below a folder, on this machine: trends of each metric, where it changed, two runs side by side.',
    )
    .argument('[dir]', 'folder that holds the folders of runs (default: the history, else runs)')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', '8780')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action(async (folder: string | undefined, flags: ServeFlags) => {
      const port = portOf(flags.port);
      const site = folder === undefined ? await openSite(flags.config) : undefined;
      const server = site === undefined ? await serveReports(folder ?? 'runs', port) : await serve(site, port);
      const what = site === undefined ? (folder ?? 'runs') : 'the history';
      process.stdout.write(
        `serving ${what} on http://127.0.0.1:${(server.address() as AddressInfo).port}/ (Ctrl-C ends it)\n`,
      );
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      });
      server.close();
      server.closeAllConnections();
      await site?.close();
    });
}

/** Undefined where nothing was stored yet, or nothing is to be. */
async function openSite(config: string | undefined): Promise<HistorySite | undefined> {
  const place = await historyPlace(config);
  if (place.address === undefined) return undefined;
  const [{ openStore }, { HistorySite }] = await Promise.all([
    import('../history/open-store.ts'),
    import('./history-site.ts'),
  ]);
  try {
    return new HistorySite(await openStore(place.address, { absent: 'refuse' }), place);
  } catch (error) {
    if (error instanceof FloodgateError && error.code === 'store-missing') return undefined;
    throw error;
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new FloodgateError('port-invalid', `${text} is no port`, { hint: 'Give a number from 0 to 65535.' });
}

/** A server for a folder of runs, listening on 127.0.0.1. @throws FloodgateError `folder-missing`, `port-in-use` */
export async function serveReports(folder: string, port: number): Promise<Server> {
  return serve(new ReportShelf(rootOf(folder)), port);
}

/** What is served: pages that are made as they are asked for, and files. */
interface Site {
  /** Undefined where there is no page of that address. */
  page(pathname: string, query: URLSearchParams): Promise<string | undefined>;
  find?(pathname: string): string | undefined;
}

async function serve(site: Site, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    answer(site, request, response).catch((error: Error) => {
      // The folder, or the store, may be gone or closed to us by now.
      if (response.headersSent) response.destroy();
      else say(response, 500, error.message);
    });
  });
  await listen(server, port);
  return server;
}

function rootOf(folder: string): string {
  let root: string;
  try {
    root = realpathSync(folder);
    if (!statSync(root).isDirectory()) throw new Error('it is no folder');
  } catch (error) {
    const hint = 'Give the folder that holds the folders of runs; floodgate run makes ./runs.';
    throw new FloodgateError('folder-missing', `cannot serve ${folder}: ${(error as Error).message}`, {
      hint,
      cause: error,
    });
  }
  return root;
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint = 'Give another one with --port, or 0 for any that is free.';
      reject(
        new FloodgateError('port-in-use', `cannot listen on port ${port}: ${error.message}`, { hint, cause: error }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.md': 'text/plain; charset=utf-8',
  '.tap': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A page elsewhere may give its own name this address (DNS rebinding): only our own names are answered.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== 'localhost') return say(response, 403, 'only for this machine');
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, 'only GET');
  const [pathname = '/', search] = (request.url ?? '/').split('?', 2);
  const page = await site.page(pathname, new URLSearchParams(search));
  if (page !== undefined) {
    response.writeHead(200, { 'content-type': TYPES['.html'], 'cache-control': 'no-store' });
    response.end(page);
    return;
  }
  const file = site.find?.(pathname);
  if (!file) return say(response, 404, 'no such report');
  const headers = {
    'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  };
  response.writeHead(200, headers);
  const stream = createReadStream(file);
  stream.on('error', () => response.destroy());
  stream.pipe(response);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(`${text}\n`);
}

/** The reports below a folder, read again only when they have changed. */
class ReportShelf implements Site {
  readonly #root: string;
  readonly #known = new Map<string, { readonly changedMs: number; readonly report: Report | string }>();

  constructor(root: string) {
    this.#root = root;
  }

  async page(pathname: string): Promise<string | undefined> {
    return pathname === '/' ? this.#trends() : undefined;
  }

  /** The page of trends as of now. */
  #trends(): string {
    const entries: TrendEntry[] = [];
    const unreadable: { name: string; why: string }[] = [];
    // `latest` is a link to a run that is here under its own name.
    const folders = readdirSync(this.#root, { withFileTypes: true }).filter((each) => each.isDirectory());
    const names = folders
      .map((each) => each.name)
      .sort()
      .slice(-FOLDERS_MAX);
    for (const name of names) {
      const report = this.#read(name);
      if (typeof report === 'string') unreadable.push({ name, why: report });
      else if (report) entries.push({ href: `${name}/report.html`, report });
    }
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    return renderTrends(entries, { unreadable });
  }

  /** A report without its columns, why it cannot be read, or undefined where there is none. */
  #read(name: string): Report | string | undefined {
    const file = path.join(this.#root, name, 'report.json');
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return undefined;
    const known = this.#known.get(name);
    if (known?.changedMs === stat.mtimeMs) return known.report;
    let report: Report | string;
    try {
      if (stat.size > REPORT_BYTES_MAX) throw new Error(`${stat.size} bytes are too many for a report`);
      report = withoutColumns(readAnyReport(readFileSync(file, 'utf8')));
    } catch (error) {
      report = (error as Error).message;
    }
    this.#known.set(name, { changedMs: stat.mtimeMs, report });
    return report;
  }

  /** A file that a run wrote: one of the reports, or a profile. Nothing else, and nothing outside of the folder. */
  find(pathname: string): string | undefined {
    let parts: string[];
    try {
      parts = pathname
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent);
    } catch {
      return undefined;
    }
    const isReport = parts.length === 2 && reporters.some(({ fileName }) => fileName === parts[1]);
    const isProfile = parts.length === 3 && parts[1] === 'profiles';
    if (!isReport && !isProfile) return undefined;
    try {
      const file = realpathSync(path.join(this.#root, ...parts));
      return file.startsWith(this.#root + path.sep) && statSync(file).isFile() ? file : undefined;
    } catch {
      return undefined;
    }
  }
}

/** What the trends need is small; the columns of thousands of runs are not. */
function withoutColumns(report: Report): Report {
  const none = { tMs: [], kind: [], pauseMs: [], usedBeforeBytes: [], usedAfterBytes: [] };
  const trim = (run: RunReport): RunReport => ({ ...run, series: [], gc: none, spikes: [], counters: {} });
  return report.kind === 'gate' ? { ...report, runs: runsOf(report).map(trim) } : trim(report);
}
