/** No room is left, in the words of whoever has to make some. By the code of the error; any file that is written may meet it. */
export const fullDisk: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** Whether the sentence of an error, of a program of ours, ends in these words. */
export const saysFullDisk = (sentence: string): boolean =>
  Object.values(fullDisk).some((words) => sentence.endsWith(words));
