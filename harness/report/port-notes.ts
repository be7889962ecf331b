/** What a report says of a load that went to another port than the one that the target was given. Pure. */
import type { Note } from '../../reports/model.ts';
import type { PassResult } from '../pass/pass-result.ts';

const sentTo = 'the load was sent to port ';

/** A port of its own may be another server than the one that is meant. */
export function portNotes({ otherPort }: Pick<PassResult, 'otherPort'>): Note[] {
  if (!otherPort) return [];
  const { taken, given } = otherPort;
  const text = `${sentTo}${taken}: the target was given port ${given} (PORT) and listens on ${taken}; if another one is meant, say which line of its output says that it is ready (--ready REGEX, ready of the target), or write the port into the load`;
  return [{ severity: 'warning', text }];
}

/** Whether a report says so. */
export function isAtOtherPort(notes: readonly Note[]): boolean {
  return notes.some(({ text }) => text.startsWith(sentTo));
}
