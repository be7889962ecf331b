import t from 'tap';
import type { Answers } from '../preload/options.ts';
import { addedAnswers, answersOfLoad } from '../watch/answers.ts';
import { severalPortsNotes } from './port-notes.ts';

const answers: Answers = { total: 16_000, not2xx: 0, ports: { 8080: 8_000, 9090: 8_000 } };
const said = (of: Answers | undefined) => severalPortsNotes({ answers: of }).map(({ text }) => text);

t.test('answers at several ports are said, with their numbers and what is divided by them', async (t) => {
  t.match(said(answersOfLoad(answers, 8080)), [
    /^answers of servers at several ports were counted, 16,000 in all \(8,000 at 8080, 8,000 at 9090\): growth\.perRequest is of the load’s 8,000, allocated\.perRequest of all$/,
  ]);
  t.match(said(answers), [/divide by all of them: with those of one port alone they are higher$/]);
  t.same(said({ total: 3, not2xx: 0 }), []);
  t.same(said({ ...answers, ports: { 8080: 16_000 } }), [], 'one port, of several processes');
  t.same(said(undefined), []);
});

t.test('how many the load may have had', async (t) => {
  t.equal(answersOfLoad(answers, 8080)!.ofLoad, 8_000);
  t.equal(answersOfLoad(answers, 1), answers, 'none at its port: another one is in front of it');
  t.equal(answersOfLoad(answers, undefined), answers);
  const unknown = { total: 10, not2xx: 0, ports: { 8080: 3, 9090: 4, unknown: 1 } };
  t.equal(answersOfLoad(unknown, 8080)!.ofLoad, 6, 'what is not known by port may be its');
  const both = addedAnswers([answers, { total: 5, not2xx: 0 }, answers])!;
  t.match(both, { total: 32_005, ports: { 8080: 16_000, 9090: 16_000 } });
  t.equal(answersOfLoad(both, 8080)!.ofLoad, 16_005);
});
