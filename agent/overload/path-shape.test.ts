import t from 'tap';
import { hashName, hashShape, pathShape, type ShapeHash } from './path-shape.ts';

const shapes: readonly (readonly [target: string, shape: string])[] = [
  ['/', '/'],
  ['/orders', '/orders'],
  ['/v1/orders/4711', '/v1/orders/#'],
  ['/v12/orders/4711/items/3?page=2', '/v12/orders/#/items/#'],
  ['http://example.org/v1/orders/9?x', '/v1/orders/#'],
  ['/users/0f8fad5b-d9cb-469f-a165-70867728950e/keys', '/users/*/keys'],
  ['/days/2024-05-31', '/days/*'],
  ['/item-17/price', '/item-#/price'],
  ['/t/eyJhbGciOiJIUzI1NiJ9', '/t/*'],
  [`/words/${'long'.repeat(20)}`, '/words/*'],
  ['/a//b/', '/a//b/'],
  ['*', '*'],
  ['', ''],
];

function hashOf(target: string): ShapeHash {
  const out = { high: 7, low: 9, path: 0 };
  hashName('GET', out);
  hashShape(target, out);
  return out;
}

t.test('what requests of one endpoint have in common', async (t) => {
  for (const [target, shape] of shapes) t.equal(pathShape(target), shape, target);
});

t.test('equal shapes have equal hashes, and no others', async (t) => {
  const of = ({ high, low }: ShapeHash) => `${high} ${low}`;
  t.equal(of(hashOf('/v1/orders/4711?a=1')), of(hashOf('/v1/orders/12')));
  t.equal(of(hashOf('/days/2024-05-31')), of(hashOf('/days/0f8fad5bd9cb469f')));
  const distinct = new Set([...shapes.map(([, shape]) => shape), '/v1/orders/', '/v2/orders/#', '/orders/v1/#']);
  t.equal(new Set([...distinct].map((shape) => of(hashOf(shape.replaceAll('#', '1'))))).size, distinct.size);
});

t.test('of paths that only numbers distinguish, which one it is', async (t) => {
  t.equal(hashOf('/orders').path, 0);
  t.not(hashOf('/orders/1').path, hashOf('/orders/2').path);
  t.equal(hashOf('/orders/1').path, hashOf('/orders/1?x=2').path);
});
