// Goes before the core of the published agent, see `split-core.mjs`. Of a module Node.js's compile cache keeps what is compiled
// when the module is loaded, which is its outermost code: all functions that a run calls would be compiled anew at each start,
// 20 ms of CPU. So the core is a script, and V8's code of it is kept beside that cache after a run.
const { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } =
  process.getBuiltinModule('node:fs');
const { getCompileCacheDir } = process.getBuiltinModule('node:module');
const vm = process.getBuiltinModule('node:vm');

/** Later V8 may have let go of what only the start needed; and a start matters little then. */
const runSecondsMax = 5;

/** @type {import('node:vm').Script} */
let script;
/** @type {string | null} */
let codeFile = null;
let keptReach = 0;

/**
 * Runs the script beside this file, from its kept code where there is some.
 * @param {ImportMeta} meta of the module that stands for the core @param {string} name the script's file
 * @returns {Record<string, any>} what the core exports
 */
export function loadCore(meta, name) {
  // No `path.join`: a few long paths and V8 optimizes what normalizes them, 1 ms of CPU.
  const here = meta.dirname;
  // The launcher's choice, which has looked at whose it is.
  const folder = getCompileCacheDir();
  // The script's name has a hash of its text. V8 itself compares its own version and flags.
  codeFile = folder === undefined ? null : `${folder}/${name}${lastStage(process.argv)}.code`;
  const kept = codeFile === null ? null : readCode(codeFile);
  script = new vm.Script(readFileSync(`${here}/${name}`, 'latin1'), {
    filename: new URL(name, meta.url).href,
    cachedData: kept?.code,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  keptReach = kept !== null && script.cachedDataRejected === false ? kept.reach : 0;
  return script.runInThisContext()(meta);
}

/**
 * The part of the code file's name for a run to a stage that is named: V8 takes back all that it is given, 3 ms of CPU for what
 * only witnesses need.
 * @param {readonly string[]} argv
 */
function lastStage(argv) {
  for (const [index, word] of argv.entries()) {
    if (word === '--until') return `.${argv[index + 1]}`.replace(/[^a-z.]/g, '').slice(0, 16);
    if (word.startsWith('--until=')) return `.${word.slice(8)}`.replace(/[^a-z.]/g, '').slice(0, 16);
  }
  return '';
}

/**
 * The code, and how far the runs came whose code it is: a byte before it. The file has both twice, since V8 trusts what it is
 * given and a disk may not be trusted: comparing costs a tenth of any checksum that Node.js would have to load first.
 * @param {string} file
 */
function readCode(file) {
  try {
    const bytes = readOwn(file);
    const half = bytes.length / 2;
    if (half < 2 || !bytes.subarray(0, half).equals(bytes.subarray(half))) return null;
    return { reach: /** @type {number} */ (bytes[0]), code: bytes.subarray(1, half) };
  } catch {
    return null;
  }
}

/**
 * Reads no file that another user may have written: it is executed.
 * @param {string} file
 */
function readOwn(file) {
  const fd = openSync(file, 'r');
  try {
    const { uid, mode } = fstatSync(fd);
    const isOurs = process.geteuid === undefined || ((uid === process.geteuid() || uid === 0) && (mode & 0o022) === 0);
    return isOurs ? readFileSync(fd) : Buffer.alloc(0);
  } finally {
    closeSync(fd);
  }
}

/**
 * The end of a run.
 * @param {number} reach as `runCommandLine` returns it
 */
export function conclude(reach) {
  keepCode(reach);
  // A recorded capture was read and all is written: taking V8's heap apart before the system does costs 1.5 ms of CPU. A turn
  // later, so that what failed on standard error comes first.
  if (reach > 0) setImmediate(() => process.getActiveResourcesInfo().length === 0 && process.exit());
}

/** Only of a run that came further than all before it. @param {number} reach */
function keepCode(reach) {
  if (codeFile === null || reach <= keptReach || process.uptime() > runSecondsMax) return;
  const written = `${codeFile}.${process.pid}`;
  try {
    const half = Buffer.concat([Buffer.of(reach), script.createCachedData()]);
    writeFileSync(written, Buffer.concat([half, half]), { flush: true, mode: 0o600, flag: 'wx' });
    renameSync(written, codeFile);
  } catch {
    // A full disk, or a folder that is not ours any more: it is compiled anew.
    rmSync(written, { force: true });
  }
}
