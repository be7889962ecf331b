import t from 'tap';
import { openSteps } from './step-lines.ts';

function opened(isLive: boolean) {
  const written: string[] = [];
  const clock = { nowMs: 0 };
  const stream = {
    columns: 80,
    write(text: string) {
      written.push(text);
      return true;
    },
  };
  return { written, clock, steps: openSteps(stream, { isLive, nowMs: () => clock.nowMs }) };
}

const busy = (share: number) => `cart: waiting for the machine: others take ${share} % of the processors`;

t.test('what is waited for is said once a minute, or when the reason is another one', async (t) => {
  const { written, clock, steps } = opened(false);
  for (let look = 0; look < 48; look += 1) {
    steps.wait(busy(100 - look / 2));
    clock.nowMs += 2_500;
  }
  t.same(written, [`${busy(100)}\n`, `${busy(88)}\n`], 'two minutes');
  steps.wait('cart: waiting for the machine: the hypervisor took 4 %');
  t.equal(written.length, 3);
  steps.wait(undefined);
  steps.say('cart: pair 1 of 5');
  t.same(written.slice(3), ['cart: pair 1 of 5\n']);
});

t.test('a terminal holds one line of it, which is gone once something else is said', async (t) => {
  const { written, steps } = opened(true);
  for (const share of [100, 93, 88]) steps.wait(busy(share));
  const text = written.join('');
  t.match(text, busy(100));
  t.match(text, busy(88));
  t.ok(text.split('\u001b[1A').length > 2, 'each over the one before');
  written.length = 0;
  steps.wait(undefined);
  t.match(written.join(''), '\u001b[2K', 'cleared');
  written.length = 0;
  steps.say('cart: pair 1 of 5');
  t.same(written, ['cart: pair 1 of 5\n']);
});
