// Before the core of the published agent, see `bundle-agent.mjs`: names in capitals are filled in there. Node.js's compile cache
// keeps of a module what is compiled when it is loaded, which is its outermost code; whatever a run calls would be compiled anew
// at each start, 20 ms of CPU. The core is a script therefore, and V8's code of it is kept beside that cache after a run.
const { readFileSync, renameSync, rmSync, writeFileSync } = process.getBuiltinModule('node:fs');
const { enableCompileCache, getCompileCacheDir } = process.getBuiltinModule('node:module');
const vm = process.getBuiltinModule('node:vm');

// No `path.join`: a few long paths and V8 optimizes what normalizes them, 1 ms of CPU.
const here = import.meta.dirname;

/** Later V8 may have let go of what only the start needed; and a start matters little then. */
const runSecondsMax = 5;

// The launcher's, where it is that who started us.
enableCompileCache(`${here}/../../node_modules/.cache/floodgate`);
const folder = getCompileCacheDir();
// The script's name has a hash of its text. V8 itself compares its own version and flags.
const codeFile = folder === undefined ? null : `${folder}/SCRIPT.code`;
const kept = codeFile === null ? null : readCode(codeFile);
const script = new vm.Script(readFileSync(`${here}/SCRIPT`, 'latin1'), {
  filename: new URL('SCRIPT', import.meta.url).href,
  cachedData: kept?.code,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const keptReach = script.cachedDataRejected === false ? kept.reach : 0;

/**
 * The code, and how far the runs came whose code it is: a byte before it. The file has both twice, since V8 trusts what it is
 * given and a disk may not be: to compare is a tenth of what any checksum costs that Node.js would have to load first.
 */
function readCode(file) {
  try {
    const bytes = readFileSync(file);
    const half = bytes.length / 2;
    if (half < 2 || !bytes.subarray(0, half).equals(bytes.subarray(half))) return null;
    return { reach: bytes[0], code: bytes.subarray(1, half) };
  } catch {
    return null;
  }
}

/** The end of a run. @param reach as `runCommandLine` tells */
export function conclude(reach) {
  keepCode(reach);
  // A recorded capture was read and all is written: to take V8's heap apart before the system does costs 1.5 ms of CPU. A turn
  // later: what failed on standard error comes first.
  if (reach > 0) setImmediate(() => process.getActiveResourcesInfo().length === 0 && process.exit());
}

/** Where it came further than all before it. */
function keepCode(reach) {
  if (codeFile === null || reach <= keptReach || process.uptime() > runSecondsMax) return;
  const written = `${codeFile}.${process.pid}`;
  try {
    const half = Buffer.concat([Buffer.of(reach), script.createCachedData()]);
    writeFileSync(written, Buffer.concat([half, half]), { flush: true, mode: 0o600 });
    renameSync(written, codeFile);
  } catch {
    // A full disk, or a folder that is not ours any more: it is compiled anew.
    rmSync(written, { force: true });
  }
}

export const { EXPORTS } = script.runInThisContext()(import.meta);
