import t from 'tap';
import { SenderControl } from './sender-control.ts';

const never = () => t.fail('nothing is held');

t.test('an order that comes between the question and the hold is seen', (t) => {
  const control = new SenderControl();
  control.pauseAt(5);
  t.equal(control.mustHold(5), true);
  // As the harness moves the place where the traffic is held next.
  control.pauseAt(9);
  control.resume();
  control.pauseAt(9);
  // Would block for ever.
  control.hold(5, never);
  t.equal(control.mustHold(5), false);
  t.equal(control.mustHold(9), true, 'the new place stays ahead');
  control.resume();
  control.hold(9, never);
  t.equal(control.mustHold(9), false, 'taken back');
  t.end();
});

t.test('a hold ends by resume; a place given meanwhile stays ahead', (t) => {
  const control = new SenderControl();
  control.pauseAt(5);
  control.hold(5, () => control.resume());
  t.equal(control.mustHold(5), false);
  control.pauseAt(7);
  control.hold(7, () => {
    control.pauseAt(8);
    control.resume();
  });
  t.equal(control.mustHold(7), false);
  t.equal(control.mustHold(8), true);
  t.end();
});
