/** Whose code a file of a profile is. Pure. */

/**
 * Node's own modules and Go's, WebAssembly, and what has no file: V8's builtins and pseudo functions such as `(root)`.
 * A function without a name (`(anonymous)`) has one: most request handlers are such functions.
 */
export function isRuntimeFile(file: string): boolean {
  return file === '' || file.startsWith('node:') || file.startsWith('go:') || file.startsWith('wasm:');
}
