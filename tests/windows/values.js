// The values of PowerShell and what its conversions and operators make of them, as far as the subset needs it.
//   string, boolean, null: JavaScript's;  Int32: number;  Int64: BigInt;  Double: class Real;  BigInteger: class Big
//   object[]: JavaScript's array
//   nothing at all (AutomationNull): undefined
'use strict';

/** An error that a `try` can catch. */
class PowerShellError extends Error {}

/** Something that the interpreter does not do: the script left the subset. Nothing catches it. */
class Unsupported extends Error {}

class Real {
  constructor(value) {
    this.value = value;
  }
}
class Big {
  constructor(value) {
    this.value = value;
  }
}
class Char {
  constructor(text) {
    this.text = text;
  }
}
class Type {
  constructor(name) {
    this.name = name.toLowerCase();
  }
}
class Switch {
  constructor(present) {
    this.present = present;
  }
}
class Reference {
  constructor(set) {
    this.set = set;
  }
}

/** A value of an enumeration of .NET: a word and a number. */
class Enum {
  constructor(kind, number) {
    this.kind = kind;
    this.number = number;
  }
  get word() {
    const words = Object.entries(this.kind);
    const exact = words.find(([, n]) => n === this.number);
    if (exact) return exact[0];
    return words
      .filter(([, n]) => n && (this.number & n) === n)
      .map(([w]) => w)
      .join(', ');
  }
  /** The value that a word or number stands for; nothing where it stands for none. */
  static of(kind, given) {
    if (given instanceof Enum) return given.kind === kind ? given : Enum.of(kind, given.number);
    if (typeof given === 'number') return new Enum(kind, given);
    if (typeof given !== 'string') return null;
    let number = 0;
    for (const part of given.split(',')) {
      const found = Object.keys(kind).find((word) => same(word, part.trim()));
      if (found === undefined) return /^\d+$/.test(part.trim()) ? new Enum(kind, Number(part)) : null;
      number |= kind[found];
    }
    return new Enum(kind, number);
  }
}

/** A hashtable. `@{}` compares keys without regard to case; New-Object's does not. It has no order, unless it is asked
    for. */
class Hashtable {
  constructor({exact = false, ordered = false} = {}) {
    Object.assign(this, {exact, ordered, entries: new Map(), version: 0});
  }
  mark(key) {
    if (typeof key === 'string') return 's' + (this.exact ? key : key.toLowerCase());
    if (typeof key === 'number') return 'i' + key;
    if (typeof key === 'bigint') return 'l' + key;
    if (key instanceof Big) return 'b' + key.value;
    throw new Unsupported('a key that is neither a string nor a whole number');
  }
  has(key) {
    return this.entries.has(this.mark(key));
  }
  get(key) {
    return this.entries.get(this.mark(key))?.[1] ?? null;
  }
  set(key, value) {
    const mark = this.mark(key);
    this.entries.set(mark, [this.entries.get(mark)?.[0] ?? key, value ?? null]);
    ++this.version;
  }
  delete(key) {
    this.entries.delete(this.mark(key));
    ++this.version;
  }
  /** In an order that nobody can have meant, so that a script that relies on one fails. */
  pairs() {
    const all = [...this.entries];
    if (!this.ordered) all.sort(([a], [b]) => scatter(a) - scatter(b));
    return all.map(([, pair]) => pair);
  }
  get size() {
    return this.entries.size;
  }
}

function scatter(text) {
  let hash = 7;
  for (const c of text) hash = (hash * 31 + c.charCodeAt(0)) % 1000003;
  return (hash * 7919) % 1000003;
}

/** An object with properties: of `[pscustomobject]`, of ConvertFrom-Json, or (with a kind) of a cmdlet. */
class PSObject {
  constructor(kind = null) {
    this.kind = kind;
    this.properties = new Map();
  }
  static of(values, kind = null) {
    const object = new PSObject(kind);
    for (const [name, value] of Object.entries(values)) object.add(name, value);
    return object;
  }
  add(name, value) {
    this.properties.set(name.toLowerCase(), [name, value]);
  }
  has(name) {
    return this.properties.has(name.toLowerCase());
  }
  get(name) {
    return this.properties.get(name.toLowerCase())?.[1];
  }
  set(name, value) {
    this.properties.get(name.toLowerCase())[1] = value;
  }
  pairs() {
    return [...this.properties.values()];
  }
}

/** An ArrayList, or a List of one type. */
class List {
  constructor(type = null) {
    this.type = type;
    this.items = [];
    this.version = 0;
  }
}

function same(a, b) {
  return a.toLowerCase() === b.toLowerCase();
}

/** The items of something that PowerShell enumerates; nothing for what it does not. */
function itemsOf(value) {
  if (Array.isArray(value)) return value;
  if (value instanceof List) return value.items;
  return null;
}

/** What a run of statements put out, as the value that a variable or a parameter gets of it. */
function gathered(out) {
  return out.length === 0 ? undefined : out.length === 1 ? out[0] : out;
}

// ---- conversions

function toText(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Real || value instanceof Big) return String(value.value);
  if (value instanceof Char) return value.text;
  if (value instanceof Enum) return value.word;
  if (value instanceof Switch) return value.present ? 'True' : 'False';
  if (value instanceof Type) return value.name;
  if (itemsOf(value)) return itemsOf(value).map(toText).join(' ');
  if (value.asText) return value.asText();
  throw new Unsupported('an object as text');
}

function toBool(value) {
  if (value === null || value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.length > 0;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0;
  if (value instanceof Real || value instanceof Big) return Number(value.value) !== 0;
  if (value instanceof Switch) return value.present;
  if (value instanceof Enum) return value.number !== 0;
  const items = itemsOf(value);
  if (items) return items.length === 0 ? false : items.length === 1 ? toBool(items[0]) : true;
  return true;
}

/** A number (number, BigInt, Big or Real) of anything that converts; an error otherwise, as PowerShell words it. */
function toNumber(value) {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Real || value instanceof Big)
    return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Switch) return value.present ? 1 : 0;
  if (value instanceof Enum) return value.number;
  if (value instanceof Char) return value.text.charCodeAt(0);
  if (typeof value === 'string') {
    const text = value.trim();
    if (text === '') return 0;
    if (/^[-+]?\d+$/.test(text)) return whole(BigInt(text));
    if (/^0x[0-9a-f]+$/i.test(text)) return whole(BigInt(text));
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return new Real(Number(text));
    throw new PowerShellError(`Cannot convert value "${value}" to type "System.Int32".`);
  }
  throw new PowerShellError('Cannot convert an object to a number.');
}

/** The smallest of Int32, Int64 and Double that holds it. */
function whole(value) {
  if (value >= -2147483648n && value <= 2147483647n) return Number(value);
  if (value >= -(1n << 63n) && value < 1n << 63n) return value;
  return new Real(Number(value));
}

function toInteger(value, low, high, name) {
  const number = toNumber(value);
  const exact = number instanceof Real ? BigInt(roundHalfEven(number.value)) : exactly(number);
  if (exact < low || exact > high)
    throw new PowerShellError(`Cannot convert value "${toText(value)}" to type "${name}": too large or too small.`);
  return exact;
}

/** The whole number in a number, BigInt or Big. */
function exactly(number) {
  return number instanceof Big ? number.value : BigInt(number);
}

function roundHalfEven(value) {
  const down = Math.floor(value);
  const rest = value - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

function toArray(value) {
  if (value === undefined) return [];
  return itemsOf(value) ? [...itemsOf(value)] : [value];
}

const converters = {
  string: toText,
  bool: toBool,
  boolean: toBool,
  int: (v) => Number(toInteger(v, -2147483648n, 2147483647n, 'System.Int32')),
  long: (v) => toInteger(v, -(1n << 63n), (1n << 63n) - 1n, 'System.Int64'),
  uint16: (v) => Number(toInteger(v, 0n, 65535n, 'System.UInt16')),
  byte: (v) => Number(toInteger(v, 0n, 255n, 'System.Byte')),
  bigint: (v) => {
    const number = typeof v === 'string' && /^\s*-?\d+\s*$/.test(v) ? BigInt(v) : toNumber(v);
    if (number instanceof Real) throw new Unsupported('a Double as [bigint]');
    return new Big(exactly(number));
  },
  object: (v) => v ?? null,
  psobject: (v) => v ?? null,
  void: () => undefined,
  switch: (v) => (v instanceof Switch ? v : new Switch(toBool(v))),
  hashtable: (v) => {
    if (v === null || v === undefined) return null;
    if (v instanceof Hashtable) return v;
    throw new PowerShellError('Cannot convert the value to type "System.Collections.Hashtable".');
  },
  array: (v) => (v === null || v === undefined ? null : toArray(v)),
  pscustomobject: (v) => {
    if (!(v instanceof Hashtable)) return v;
    throw new Unsupported('[pscustomobject] of something else than a literal');
  },
  'system.collections.arraylist': (v) => (v instanceof List ? v : listOf(toArray(v))),
  ref: (v) => v,
};
const aliases = {
  int32: 'int',
  int64: 'long',
  'system.string': 'string',
  'system.int32': 'int',
  'system.int64': 'long',
  'system.collections.hashtable': 'hashtable',
  'system.byte': 'byte',
  'system.numerics.biginteger': 'bigint',
};

function listOf(items) {
  const list = new List();
  list.items.push(...items);
  return list;
}

/** `[type] value`. */
function convert(type, value) {
  const name = aliases[type.toLowerCase()] ?? type.toLowerCase();
  if (name.endsWith('[]')) {
    if (value === null || value === undefined) return null;
    return toArray(value).map((item) => convert(name.slice(0, -2), item));
  }
  const make = converters[name];
  if (!make) throw new Unsupported(`the type [${type}]`);
  return make(value);
}

module.exports = {
  PowerShellError,
  Unsupported,
  Real,
  Big,
  exactly,
  Char,
  Type,
  Switch,
  Reference,
  Enum,
  Hashtable,
  PSObject,
  List,
  same,
  gathered,
  itemsOf,
  toText,
  toBool,
  toNumber,
  toArray,
  whole,
  convert,
};
