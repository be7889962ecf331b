import t from 'tap';
import * as ir from './ir.ts';
import { type DataVisitor, Step, Visit, type VisitContext, Walker } from './visitor.ts';

/** args: {q: "a"}; responses: {b: {user: {name: "n"}, tags: ["x", "y"], none: ?"z"}}. */
function sample(): ir.Witness {
  const witness = ir.httpWitness('GET', 'example.org', '/');
  witness.method!.args.append('q', ir.stringData('a'));
  const user = ir.structData();
  ir.structFields(user).append('name', ir.stringData('n'));
  const body = ir.structData();
  ir.structFields(body).append('user', user);
  ir.structFields(body).append('tags', ir.listData([ir.stringData('x'), ir.stringData('y')]));
  ir.structFields(body).append('none', ir.optionalData(ir.stringData('z')));
  witness.method!.responses.append('b', body);
  return witness;
}

/** Notes every call; answers by path. */
class Recorder implements DataVisitor {
  readonly calls: string[] = [];
  readonly answers: Record<string, number>;
  constructor(answers: Record<string, number> = {}) {
    this.answers = answers;
  }
  enter(_data: ir.Data, context: VisitContext): number {
    this.calls.push(`+${context.path()}`);
    return this.answers[`+${context.path()}`] ?? Visit.CONTINUE;
  }
  leave(_data: ir.Data, context: VisitContext): number {
    this.calls.push(`-${context.path()}`);
    return this.answers[`-${context.path()}`] ?? Visit.CONTINUE;
  }
}

const walk = (answers: Record<string, number>): { calls: string[]; result: number } => {
  const recorder = new Recorder(answers);
  const result = new Walker().witness(sample(), recorder);
  return { calls: recorder.calls, result };
};

t.test('every node is entered and left, with its path', (t) => {
  const { calls, result } = walk({});
  t.strictSame(calls, [
    '+args[q]',
    '-args[q]',
    '+responses[b]',
    '+responses[b].user',
    '+responses[b].user.name',
    '-responses[b].user.name',
    '-responses[b].user',
    '+responses[b].tags',
    '+responses[b].tags[0]',
    '-responses[b].tags[0]',
    '+responses[b].tags[1]',
    '-responses[b].tags[1]',
    '-responses[b].tags',
    '+responses[b].none',
    '+responses[b].none?',
    '-responses[b].none?',
    '-responses[b].none',
    '-responses[b]',
  ]);
  t.equal(result, Visit.CONTINUE);
  t.end();
});

t.test('skip: not into the children, but left', (t) => {
  const { calls } = walk({ '+responses[b].user': Visit.SKIP });
  t.notOk(calls.includes('+responses[b].user.name'));
  t.ok(calls.includes('-responses[b].user'));
  t.ok(calls.includes('+responses[b].tags'), 'its siblings are visited');
  t.end();
});

t.test('stop: nothing further is entered, what is open is left', (t) => {
  const { calls, result } = walk({ '+responses[b].tags[0]': Visit.STOP });
  t.equal(result, Visit.STOP);
  t.strictSame(calls.slice(-3), ['-responses[b].tags[0]', '-responses[b].tags', '-responses[b]']);
  const onLeave = walk({ '-args[q]': Visit.STOP });
  t.strictSame(onLeave.calls, ['+args[q]', '-args[q]']);
  t.end();
});

t.test('abort: nothing more is called', (t) => {
  const { calls, result } = walk({ '+responses[b].tags[0]': Visit.ABORT });
  t.equal(result, Visit.ABORT);
  t.equal(calls.at(-1), '+responses[b].tags[0]');
  t.end();
});

t.test('depth is bounded, and the walker serves again', (t) => {
  let deep = ir.stringData('bottom');
  for (let i = 0; i < 5000; i += 1) deep = ir.listData([deep]);
  const walker = new Walker(100);
  const recorder = new Recorder();
  let entered = 0;
  recorder.enter = () => (entered += 1) && Visit.CONTINUE;
  recorder.leave = () => Visit.CONTINUE;
  walker.data(deep, recorder);
  t.equal(entered, 100);
  t.equal(walker.cut, 1);
  const again = new Recorder();
  walker.witness(sample(), again);
  t.equal(again.calls.length, 18);
  t.end();
});

t.test('context: nodes and steps above; map types and options', (t) => {
  const value = ir.structData();
  value.mapType = new ir.MapType(ir.stringData('k'), ir.int64Data(1));
  const oneOf = ir.oneOfData();
  (oneOf.value as ir.OneOf).options.append('h', value);
  const seen: string[] = [];
  new Walker().data(oneOf, {
    enter(data, context) {
      seen.push(`${context.path()}:${context.step()}:${context.node() === data}:${context.step(1)}`);
      return Visit.CONTINUE;
    },
    leave: () => Visit.CONTINUE,
  });
  t.strictSame(seen, [
    `:${Step.ROOT}:true:${Step.ROOT}`,
    `|h:${Step.OPTION}:true:${Step.ROOT}`,
    `|h<key>:${Step.MAP_KEY}:true:${Step.OPTION}`,
    `|h<value>:${Step.MAP_VALUE}:true:${Step.OPTION}`,
  ]);
  t.end();
});
