/** What a long command says of its steps: a line each; what it waits for is one line that is redrawn at a terminal, and a line now and then elsewhere. */
import { createLogUpdate } from 'log-update';

/** Where lines cannot be redrawn. */
const waitEveryMs = 60_000;

export interface Steps {
  say(text: string): void;
  /** Says the same again, perhaps with other figures; undefined: it waits no longer. */
  wait(text: string | undefined): void;
  /** Clears the line that is redrawn. */
  end(): void;
}

/** @param nowMs milliseconds on any clock */
export function openSteps(
  stream: Pick<NodeJS.WriteStream, 'write'>,
  { isLive, nowMs }: { readonly isLive: boolean; readonly nowMs: () => number },
): Steps {
  const live = isLive ? createLogUpdate(stream as NodeJS.WriteStream) : undefined;
  const line = (text: string) => {
    stream.write(`${text}\n`);
  };
  let waiting: { readonly reason: string; readonly saidMs: number } | undefined;
  const end = () => live?.clear();
  return {
    say(text) {
      end();
      line(text);
    },
    wait(text) {
      if (text === undefined) {
        end();
        return;
      }
      if (live) {
        live(text);
        return;
      }
      // Shares of the processors differ from look to look: the reason is the words.
      const reason = text.replaceAll(/\d+(?:[.,]\d+)?/g, '');
      if (waiting?.reason === reason && nowMs() - waiting.saidMs < waitEveryMs) return;
      waiting = { reason, saidMs: nowMs() };
      line(text);
    },
    end,
  };
}
