import t from 'tap';
import { openTarget } from './open-target.ts';

t.test('the name of a target is made of its program and its files', (t) => {
  for (const [command, slug] of [
    ['node server.js', 'node-server-js'],
    ['DB_PASSWORD=hunter2x9 STRIPE_KEY=sk_live_4eC39HqLyjWDarjtT1zdp7dc node dist/s.js', 'node-dist-s-js'],
    ['env SESSION_SECRET=ss99x7 node --expose-gc s.js --token abcd1234efgh 300', 'node-s-js'],
    [`node s.js --config app.yaml 'token=of mine' s3cr3tWord99`, 'node-s-js-app-yaml'],
    ['npm run start:prod', 'npm-run-start-prod'],
    ['sh -c "TOKEN=nested99x node s.js"', 'sh'],
    ['http://bob:pw5ecret9@127.0.0.1:6060/debug/pprof?token=abcd1234efgh', '127-0-0-1-6060-debug-pprof'],
  ] as const) {
    t.equal(openTarget(command, { listens: false }).slug, slug);
  }
  t.end();
});
