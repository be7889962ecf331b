import t from 'tap';
import { createRandom } from '../seeded-random.ts';
import { OverloadLevel } from './ladder.ts';
import { formatMark, mostOf, type OverloadMark, parseMark, unmarked } from './mark.ts';

t.test('what is written is read, whatever the share', async (t) => {
  const random = createRandom(1, 'marks');
  const marks: OverloadMark[] = [unmarked];
  for (let round = 0; round < 2_000; round += 1) {
    const level = random.integer(0, 4) as OverloadLevel;
    marks.push({ level, share: (1 - random.fraction()) * 2 ** -random.integer(0, 40) });
  }
  for (const mark of marks) t.same(parseMark(formatMark(mark)), mark, formatMark(mark));
  t.equal(parseMark(undefined), unmarked, 'of agents before');
});

t.test('what is none is refused', async (t) => {
  const texts = [
    '',
    'level=5;share=1',
    'level=1',
    'level=1;share=0',
    'level=1;share=2',
    'level=1;share=-1',
    'level=1;share=e',
  ];
  for (const text of [...texts, 'level=1;share=1.2.3', 'level=1;share=NaN', `level=1;share=0.${'1'.repeat(60)}`]) {
    t.equal(parseMark(text), undefined, text);
  }
});

t.test('of two, the most of both', async (t) => {
  const { bodies, flows } = OverloadLevel;
  t.same(mostOf({ level: bodies, share: 0.1 }, { level: flows, share: 0.5 }), { level: flows, share: 0.1 });
  t.same(mostOf(unmarked, { level: bodies, share: 1 }), { level: bodies, share: 1 });
});
