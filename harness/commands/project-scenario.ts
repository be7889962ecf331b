/** A scenario's name that `floodgate run` does not know. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

/** A name that floodgate's own library does not have may be one of the project's. @throws FloodgateError always */
export async function ofProject(error: unknown, name: string): Promise<never> {
  if (!(error instanceof FloodgateError) || error.code !== 'scenario-unknown') throw error;
  const { findConfigFile, loadProject } = await import('../project/find-config.ts');
  const project = findConfigFile(process.cwd()) === undefined ? undefined : await loadProject(process.cwd());
  if (!project?.scenarios.some((each) => each.name === name)) throw error;
  throw new FloodgateError(
    'scenario-unknown',
    `"${name}" is a scenario of ${path.basename(project.file)}, which floodgate gate runs`,
    {
      hint: `floodgate gate --only ${name}${project.scenarioFiles?.has(name) ? `, or its file: floodgate run ${project.scenarioFiles.get(name)}` : ''}`,
      cause: error,
    },
  );
}
