// The operators of PowerShell over the values of values.js. The left operand decides what the right one is converted
// to.
'use strict';
const {
  PowerShellError,
  Unsupported,
  Real,
  Big,
  exactly,
  Char,
  Type,
  Switch,
  Enum,
  Hashtable,
  PSObject,
  List,
  same,
  itemsOf,
  toText,
  toBool,
  toNumber,
  toArray,
  whole,
  convert,
} = require('./values');

function isNumber(value) {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Real || value instanceof Big;
}

function plain(value) {
  return value instanceof Real || value instanceof Big ? Number(value.value) : Number(value);
}

// ---- comparisons

/** -eq of two single values. */
function equal(left, right) {
  left ??= null;
  right ??= null;
  if (left === null || right === null) return left === right;
  if (typeof left === 'string' || left instanceof Char) return same(toText(left), toText(right));
  if (typeof left === 'boolean') return left === toBool(right);
  if (left instanceof Switch) return left.present === toBool(right);
  if (left instanceof Enum) return Enum.of(left.kind, right)?.number === left.number;
  if (isNumber(left)) {
    if (!convertsToNumber(right)) return false;
    try {
      return compareNumbers(left, toNumber(right)) === 0;
    } catch (problem) {
      if (problem instanceof PowerShellError) return false;
      throw problem;
    }
  }
  if (left.sameAs) return left.sameAs(right);
  if (left instanceof PSObject || left instanceof Hashtable || left instanceof List || left instanceof Type)
    return left === right;
  throw new Unsupported('-eq of such values');
}

function convertsToNumber(value) {
  return (
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    [Real, Big, Enum, Char, Switch].some((kind) => value instanceof kind)
  );
}

function compareNumbers(left, right) {
  // The right one becomes what the left one is, if it fits.
  if (right instanceof Big && !(left instanceof Big) && !(left instanceof Real)) {
    right = convert(typeof left === 'bigint' ? 'long' : 'int', right);
  }
  if (left instanceof Real || right instanceof Real) return Math.sign(plain(left) - plain(right));
  const [a, b] = [exactly(left), exactly(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Less, equal or greater: negative, 0 or positive. */
function order(left, right) {
  if (typeof left === 'string') {
    const [a, b] = [left.toLowerCase(), toText(right).toLowerCase()];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (isNumber(left)) return compareNumbers(left, toNumber(right));
  throw new Unsupported('an order of something else than numbers and texts');
}

/** With an array at the left, a comparison picks from it. */
function filtering(compare) {
  return (left, right) => {
    const items = itemsOf(left);
    return items ? items.filter((item) => compare(item, right)) : compare(left, right);
  };
}

function contains(list, value) {
  return toArray(list).some((item) => equal(item, value));
}

function wildcard(pattern) {
  let out = '';
  for (let i = 0; i < pattern.length; ++i) {
    const c = pattern[i];
    const end = c === '[' ? pattern.indexOf(']', i + 1) : -1;
    if (c === '`' && i + 1 < pattern.length) out += escape(pattern[++i]);
    else if (c === '*') out += '[^]*';
    else if (c === '?') out += '[^]';
    else if (c === '[' && end < 0)
      throw new PowerShellError(`The specified wildcard character pattern is not valid: ${pattern}`);
    else if (c === '[') {
      out += '[' + pattern.slice(i + 1, end).replace(/[\\\]^]/g, '\\$&') + ']';
      i = end;
    } else out += escape(c);
  }
  return new RegExp(`^${out}$`, 'i');
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\\/]/g, '\\$&');
}

/** A pattern of .NET that JavaScript reads alike. */
function pattern(text) {
  if (/\(\?<[=!]|\(\?>|\\[AzZG]|\(\?[imnsx]/.test(text)) throw new Unsupported(`the pattern ${text}`);
  return new RegExp(text, 'i');
}

// ---- arithmetic

function add(left, right) {
  left ??= null;
  right ??= null;
  if (left === null) return right;
  if (typeof left === 'string' || left instanceof Char) return toText(left) + toText(right);
  if (itemsOf(left)) return [...itemsOf(left), ...toArray(right)];
  if (left instanceof Hashtable) {
    if (!(right instanceof Hashtable))
      throw new PowerShellError('A hash table can only be added to another hash table.');
    const sum = new Hashtable();
    for (const [key, value] of [...left.pairs(), ...right.pairs()]) {
      if (sum.has(key)) throw new PowerShellError(`Item has already been added. Key: '${toText(key)}'`);
      sum.set(key, value);
    }
    return sum;
  }
  return arithmetic((a, b) => a + b)(left, right);
}

/** Of whole numbers exactly, widened to Double where Int32 or Int64 does not hold it. */
function arithmetic(act) {
  return (left, right) => {
    if (!isNumber(left) && left !== null && typeof left !== 'boolean')
      throw new Unsupported('arithmetic with something else than numbers');
    const [a, b] = [toNumber(left), toNumber(right)];
    if (a instanceof Real || b instanceof Real) return new Real(act(plain(a), plain(b)));
    const exact = act(exactly(a), exactly(b));
    if (a instanceof Big || b instanceof Big) return new Big(exact);
    if (typeof a === 'bigint' || typeof b === 'bigint')
      return exact >= -(1n << 63n) && exact < 1n << 63n ? exact : new Real(Number(exact));
    return exact >= -2147483648n && exact <= 2147483647n ? Number(exact) : new Real(Number(exact));
  };
}

function multiply(left, right) {
  if (typeof left === 'string') return left.repeat(Number(toNumber(right)));
  if (itemsOf(left)) throw new Unsupported('an array times something');
  return arithmetic((a, b) => a * b)(left, right);
}

function divide(left, right) {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (plain(b) === 0 && !(b instanceof Real)) throw new PowerShellError('Attempted to divide by zero.');
  if (a instanceof Real || b instanceof Real) return new Real(plain(a) / plain(b));
  if (a instanceof Big || b instanceof Big) return new Big(exactly(a) / exactly(b));
  if (BigInt(a) % BigInt(b) !== 0n) return new Real(plain(a) / plain(b));
  return keepWidth(a, b, BigInt(a) / BigInt(b));
}

function remainder(left, right) {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a instanceof Real || b instanceof Real) return new Real(plain(a) % plain(b));
  if (exactly(b) === 0n) throw new PowerShellError('Attempted to divide by zero.');
  if (a instanceof Big || b instanceof Big) return new Big(exactly(a) % exactly(b));
  return keepWidth(a, b, BigInt(a) % BigInt(b));
}

function keepWidth(a, b, value) {
  return typeof a === 'bigint' || typeof b === 'bigint' ? value : Number(value);
}

function bits(act) {
  return (left, right) => {
    const [a, b] = [toNumber(left), toNumber(right)];
    if (![a, b].every((n) => typeof n === 'number' || typeof n === 'bigint'))
      throw new Unsupported('bits of such a number');
    return keepWidth(a, b, act(BigInt(a), BigInt(b)));
  };
}

/** The left operand keeps its width: bits that leave it are lost, and the distance is taken modulo 32 or 64. */
function shift(act) {
  return (left, right) => {
    const a = toNumber(left);
    const distance = BigInt(convert('int', right));
    if (typeof a === 'bigint') return BigInt.asIntN(64, act(a, distance & 63n));
    if (typeof a !== 'number') throw new Unsupported('bits of such a number');
    return Number(BigInt.asIntN(32, act(BigInt(a), distance & 31n)));
  };
}

// ---- texts

function format(template, values) {
  const given = toArray(values);
  return toText(template).replace(/\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^}]*))?\}|[{}]/g, (all, at, width, form) => {
    if (all === '{{' || all === '}}') return all[0];
    if (at === undefined)
      throw new PowerShellError('Error formatting a string: Input string was not in a correct format.');
    if (Number(at) >= given.length) {
      throw new PowerShellError(
        'Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the size of the argument list.',
      );
    }
    const text = formatted(given[Number(at)], form);
    if (!width) return text;
    return Number(width) < 0 ? text.padEnd(-Number(width)) : text.padStart(Number(width));
  });
}

function formatted(value, form) {
  if (itemsOf(value)) throw new Unsupported('an array in -f');
  if (!form) return toText(value);
  if (value && value.formatted) return value.formatted(form);
  const number = isNumber(value) && !(value instanceof Real) ? exactly(value) : null;
  const found = /^([xXdD])(\d*)$/.exec(form);
  if (number === null || !found) throw new Unsupported(`the format ${form}`);
  const digits = /x/i.test(found[1]) ? number.toString(16) : number.toString();
  if (number < 0n) throw new Unsupported('a negative number with a format');
  return (found[1] === 'X' ? digits.toUpperCase() : digits).padStart(Number(found[2] || 0), '0');
}

function join(left, right) {
  return toArray(left).map(toText).join(toText(right));
}

function split(left, right) {
  return toArray(left).flatMap((item) => toText(item).split(pattern(toText(right))));
}

function replace(left, right) {
  const [from, to = ''] = toArray(right).map(toText);
  if (/\$/.test(to)) throw new Unsupported('-replace with groups');
  const change = (text) => toText(text).replace(new RegExp(pattern(from).source, 'gi'), to);
  return itemsOf(left) ? itemsOf(left).map(change) : change(left);
}

// ---- types

const kinds = {
  string: (v) => typeof v === 'string',
  'system.string': (v) => typeof v === 'string',
  bool: (v) => typeof v === 'boolean',
  int: (v) => typeof v === 'number',
  int32: (v) => typeof v === 'number',
  long: (v) => typeof v === 'bigint',
  bigint: (v) => v instanceof Big,
  'system.net.ipaddress': (v) => v instanceof PSObject && v.kind === 'IPAddress',
  array: (v) => Array.isArray(v),
  'object[]': (v) => Array.isArray(v),
  'system.array': (v) => Array.isArray(v),
  hashtable: (v) => v instanceof Hashtable,
  'system.collections.hashtable': (v) => v instanceof Hashtable,
  'system.collections.idictionary': (v) => v instanceof Hashtable,
  pscustomobject: (v) => v instanceof PSObject,
  'system.collections.arraylist': (v) => v instanceof List && v.type === null,
  'system.collections.ienumerable': (v) => itemsOf(v) !== null || typeof v === 'string' || v instanceof Hashtable,
};

function is(value, type) {
  if (!(type instanceof Type)) throw new Unsupported('-is without a type');
  const test = kinds[type.name];
  if (!test) throw new Unsupported(`-is [${type.name}]`);
  return test(value ?? null);
}

const binary = {
  '-eq': filtering(equal),
  '-ne': filtering((a, b) => !equal(a, b)),
  '-lt': filtering((a, b) => order(a, b) < 0),
  '-le': filtering((a, b) => order(a, b) <= 0),
  '-gt': filtering((a, b) => order(a, b) > 0),
  '-ge': filtering((a, b) => order(a, b) >= 0),
  '-ceq': filtering((a, b) => (typeof a === 'string' ? a === toText(b) : equal(a, b))),
  '-cne': filtering((a, b) => (typeof a === 'string' ? a !== toText(b) : !equal(a, b))),
  '-contains': contains,
  '-notcontains': (a, b) => !contains(a, b),
  '-in': (a, b) => contains(b, a),
  '-notin': (a, b) => !contains(b, a),
  '-like': filtering((a, b) => wildcard(toText(b)).test(toText(a))),
  '-notlike': filtering((a, b) => !wildcard(toText(b)).test(toText(a))),
  '-is': is,
  '-isnot': (a, b) => !is(a, b),
  '-join': join,
  '-split': split,
  '-replace': replace,
  '-f': format,
  '-band': bits((a, b) => a & b),
  '-bor': bits((a, b) => a | b),
  '-bxor': bits((a, b) => a ^ b),
  '-shl': shift((a, by) => a << by),
  '-shr': shift((a, by) => a >> by),
  '+': add,
  '-': arithmetic((a, b) => a - b),
  '*': multiply,
  '/': divide,
  '%': remainder,
};

module.exports = {binary, equal, wildcard, pattern, isNumber};
