/** The same for values that are typed one by one: see json-sealer.ts. */
import type { ValueTyper } from '../../../agent/witness/body-builder.ts';
import { inferText as inferredText, inferringTyper as typer } from '../../../agent/witness/infer.ts';
import type { Data, DataMeta } from '../../../agent/witness/ir.ts';
import { recompileAll } from './json-sealer.ts';

export * from '../../../agent/witness/infer.ts';

export function inferText(text: string, meta: DataMeta | null): Data {
  recompileAll(text);
  return inferredText(text, meta);
}

export const inferringTyper: ValueTyper = {
  ...typer,
  string(value: string, meta: DataMeta | null): Data {
    recompileAll(value);
    return typer.string(value, meta);
  },
  text: inferText,
};
