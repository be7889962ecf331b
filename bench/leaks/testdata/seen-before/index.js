// A package that remembers all it was asked for; with a limit it forgets the first ones.
/** @type {Set<string>} */
const seen = new Set();

module.exports = function seenBefore(/** @type {string} */ fingerprint, /** @type {number} */ limit) {
  const isKnown = seen.has(fingerprint);
  seen.add(fingerprint);
  const [first] = seen;
  if (limit > 0 && seen.size > limit && first !== undefined) seen.delete(first);
  return isKnown;
};
