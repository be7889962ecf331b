import t from 'tap';
import { splitWords, withoutAssignments } from './command-words.ts';

t.test('variables before a command are its environment', async (t) => {
  const of = (text: string) => withoutAssignments(splitWords(text));
  t.same(of('node server.js --a=b'), { assigned: {}, words: ['node', 'server.js', '--a=b'] });
  t.same(of('NODE_ENV=production A="b c" node x.js'), {
    assigned: { NODE_ENV: 'production', A: 'b c' },
    words: ['node', 'x.js'],
  });
  t.same(of('env A=1 node x.js'), { assigned: { A: '1' }, words: ['node', 'x.js'] });
  t.same(of('env -i node x.js'), { assigned: {}, words: ['env', '-i', 'node', 'x.js'] });
});
