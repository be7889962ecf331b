/** What is planted: secrets known by the name beside them, and secrets known by their shape. From public API documentation. */
import { namedKinds } from './named-kinds.ts';
import type { Draw } from './random-text.ts';
import { shapedKinds } from './shaped-kinds.ts';

export interface Kind {
  readonly label: string;
  /** Stands beside the value; a shaped secret has one that says nothing. */
  readonly name: string;
  /** Shaped secrets are found where nothing names them. */
  readonly isShaped: boolean;
  /** The text to plant, and of it what nobody may read. */
  readonly make: (draw: Draw) => { readonly text: string; readonly secret: string };
}

/** Names that say nothing of a value. */
const neutral = ['data', 'note', 'item', 'text', 'detail'];

export const kinds: readonly Kind[] = [
  ...namedKinds.map(([name, make]) => ({
    label: `named ${name}`,
    name,
    isShaped: false,
    make: (draw: Draw) => {
      const text = make(draw);
      return { text, secret: text };
    },
  })),
  ...shapedKinds.map(([label, make], index) => ({
    label: `shaped ${label}`,
    name: neutral[index % neutral.length]!,
    isShaped: true,
    make: (draw: Draw) => {
      const made = make(draw);
      return typeof made === 'string' ? { text: made, secret: made } : { text: made[0], secret: made[1] };
    },
  })),
];
