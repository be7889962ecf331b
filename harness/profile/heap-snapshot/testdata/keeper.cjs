// The same in CommonJS: a variable of a module.
/** @type {unknown[]} */
const remembered = [];

exports.remember = (/** @type {unknown} */ each) => {
  remembered.push(each);
};
