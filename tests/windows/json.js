// ConvertTo-Json and ConvertFrom-Json of Windows PowerShell 5.1.
'use strict';
const {
  PowerShellError,
  Unsupported,
  Real,
  Big,
  Char,
  Enum,
  Hashtable,
  PSObject,
  Switch,
  itemsOf,
  toText,
  whole,
} = require('./values');

/** Deeper than `depth`, things become texts; enumerations are numbers; some characters are escaped. */
function toJson(value, depth, indent = '') {
  const deeper = `${indent}    `;
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string' || value instanceof Char) return quote(toText(value));
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Real) return String(value.value);
  if (value instanceof Enum) return String(value.number);
  if (value instanceof Switch) return `{"IsPresent": ${value.present}}`;
  if (value instanceof Big) throw new Unsupported('a BigInteger as JSON');
  if (depth < 0)
    return quote(
      itemsOf(value) ? toText(itemsOf(value)) : value instanceof Hashtable ? 'System.Collections.Hashtable' : '@{...}',
    );
  const items = itemsOf(value);
  if (items) {
    if (items.length === 0) return '[\n\n' + indent + ']';
    return `[\n${items.map((item) => deeper + toJson(item, depth - 1, deeper)).join(',\n')}\n${indent}]`;
  }
  const pairs = value.pairs();
  if (pairs.length === 0) return '{\n\n' + indent + '}';
  return `{\n${pairs.map(([key, held]) => `${deeper}${quote(toText(key))}:  ${toJson(held, depth - 1, deeper)}`).join(',\n')}\n${indent}}`;
}

function quote(text) {
  return JSON.stringify(text).replace(/[<>&'\u007f-\uffff]/g, (c) =>
    /[<>&']/.test(c) ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c,
  );
}

function fromJson(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (problem) {
    throw new PowerShellError(`Invalid JSON primitive: ${problem.message}`);
  }
  return lift(parsed);
}

function lift(value) {
  if (Array.isArray(value)) return value.map(lift);
  if (typeof value === 'number') return Number.isInteger(value) ? whole(BigInt(value)) : new Real(value);
  if (value === null || typeof value !== 'object') return value;
  const object = new PSObject();
  for (const [name, held] of Object.entries(value)) {
    if (object.has(name))
      throw new PowerShellError(`Cannot convert the JSON string because it contains the duplicated keys '${name}'.`);
    object.add(name, lift(held));
  }
  return object;
}

module.exports = {toJson, fromJson};
