/** Where the history of what a command works on is, and what it is called there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type StoreAddress, storeAddress, storeVariable } from '../history/store-address.ts';
import { findConfigFile, loadProject, type Project } from '../project/find-config.ts';

export interface HistoryPlace {
  /** Of the project, or the working folder where there is none. */
  readonly folder: string;
  readonly project: Project | undefined;
  /** As the project is called in a store of several. */
  readonly name: string;
  /** Undefined: nothing is to be stored. */
  readonly address: StoreAddress | undefined;
  readonly keepDays: number;
  readonly keepReports: number;
}

const keepDaysDefault = 730;
const keepReportsDefault = 500;

/** @param given as `FLOODGATE_STORE`. @throws FloodgateError where the configuration, or the address, is not valid */
export async function historyPlace(config?: string, given = process.env[storeVariable]): Promise<HistoryPlace> {
  const hasProject = config !== undefined || findConfigFile(process.cwd()) !== undefined;
  const project = hasProject ? await loadProject(process.cwd(), config) : undefined;
  const folder = project?.folder ?? process.cwd();
  const store = project?.config.store;
  const settings = typeof store === 'object' ? store : {};
  const configured = store === false ? 'none' : typeof store === 'string' ? store : settings.at;
  return {
    folder,
    project,
    name: settings.project ?? nameOf(folder),
    address: storeAddress(folder, given ?? configured),
    keepDays: settings.keepDays ?? keepDaysDefault,
    keepReports: settings.keepReports ?? keepReportsDefault,
  };
}

/** The same in every checkout where the project says what it is called. */
function nameOf(folder: string): string {
  const file = path.join(folder, 'package.json');
  try {
    const name: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).name : undefined;
    if (typeof name === 'string' && name.trim() !== '') return name.trim().slice(0, 200);
  } catch {
    // Not ours to judge.
  }
  return path.basename(folder) || 'project';
}
