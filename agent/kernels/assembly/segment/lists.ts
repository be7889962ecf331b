/** Lists of streams and of directions, as `LinkedLists` keeps them. */
import { byteAt } from '../bytes.ts';
import { NO_LIST } from './layout.generated.ts';
import {
  acksLengths,
  acksListOf,
  acksNext,
  acksPrevious,
  capacity,
  holesLengths,
  holesListOf,
  holesNext,
  holesPrevious,
  listLengths,
  listNext,
  listOf,
  listPrevious,
} from './places.ts';
import { add32, setWord, word } from './words.ts';

/** Takes a node out of the ring of its list. */
function unlink(next: i32, previous: i32, node: i32): void {
  setWord(next, word(previous, node), word(next, node));
  setWord(previous, word(next, node), word(previous, node));
}

/** As LinkedLists.append. */
function append(next: i32, previous: i32, listOfNode: i32, lengths: i32, nodes: i32, list: i32, node: i32): void {
  const headNode = nodes + list;
  const was = byteAt(listOfNode + node);
  if (was !== NO_LIST) {
    if (was === list && word(next, node) === headNode) {
      return;
    }
    unlink(next, previous, node);
  }
  if (was !== list) {
    if (was !== NO_LIST) {
      add32(lengths + (was << 2), -1);
    }
    add32(lengths + (list << 2), 1);
    store<u8>(listOfNode + node, list);
  }
  const last = word(previous, headNode);
  setWord(next, last, node);
  setWord(previous, node, last);
  setWord(next, node, headNode);
  setWord(previous, headNode, node);
}

/** As LinkedLists.remove. */
export function remove(next: i32, previous: i32, listOfNode: i32, lengths: i32, node: i32): void {
  const list = byteAt(listOfNode + node);
  if (list === NO_LIST) {
    return;
  }
  unlink(next, previous, node);
  store<u8>(listOfNode + node, NO_LIST);
  add32(lengths + (list << 2), -1);
}

export function moveTo(list: i32, slot: i32): void {
  append(listNext, listPrevious, listOf, listLengths, capacity, list, slot);
}

export function holeAppend(half: i32): void {
  append(holesNext, holesPrevious, holesListOf, holesLengths, capacity << 1, 0, half);
}

export function holeRemove(half: i32): void {
  remove(holesNext, holesPrevious, holesListOf, holesLengths, half);
}

export function ackAppend(half: i32): void {
  append(acksNext, acksPrevious, acksListOf, acksLengths, capacity << 1, 0, half);
}

export function ackRemove(half: i32): void {
  remove(acksNext, acksPrevious, acksListOf, acksLengths, half);
}
