/**
 * What git gives to the hooks and commands that it starts: which repository, index and work tree is meant. floodgate works in several, as what
 * it builds and runs does: with these, a version would be checked out in the user's own work tree.
 */

/** As `git rev-parse --local-env-vars` lists them, but for settings (`GIT_CONFIG_COUNT`, `git -c`): git hands those on to other repositories too. */
const ofOneRepository = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
];

/** Before any git runs. */
export function dropGitVariables(environment: NodeJS.ProcessEnv): void {
  for (const name of ofOneRepository) delete environment[name];
}
