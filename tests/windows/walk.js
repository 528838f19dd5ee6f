// Passing over a script's tree.
'use strict';

/** Every node of the tree, each once, with the function that it stands in (null at the top). */
function* nodesOf(value, within = null) {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item, within);
  } else if (value && typeof value === 'object') {
    if (value.kind) yield [value, within];
    const inner = value.kind === 'function' ? value : within;
    for (const [key, held] of Object.entries(value)) if (key !== 'line') yield* nodesOf(held, inner);
  }
}

/** The value of a node that is a literal: text, number, list or table of such; undefined for anything else. */
function literal(node) {
  if (node.kind === 'value') return literal(node.value);
  if (node.kind === 'constant' || node.kind === 'bare') return node.value;
  if (node.kind === 'variable' && ['true', 'false', 'null'].includes(node.name))
    return {true: true, false: false, null: null}[node.name];
  if (node.kind === 'comma') return all(node.items.map(literal));
  if (node.kind === 'array' && !node.sub) {
    const parts = all(node.body.map(literal));
    return parts === undefined ? undefined : parts.flat();
  }
  if (node.kind === 'hashtable') {
    const pairs = node.entries.map(({key, value}) => [literal(key), literal(value)]);
    return pairs.some(([key, value]) => key === undefined || value === undefined)
      ? undefined
      : Object.fromEntries(pairs);
  }
  return undefined;
}

function all(values) {
  return values.includes(undefined) ? undefined : values;
}

module.exports = {nodesOf, literal};
