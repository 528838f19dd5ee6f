// Properties and methods of .NET objects, as few as the scripts use. What is not here is an error of the test, not
// nothing.
'use strict';
const {
  PowerShellError,
  Unsupported,
  Big,
  Char,
  Reference,
  Enum,
  Hashtable,
  PSObject,
  List,
  itemsOf,
  toText,
  toArray,
  toBool,
  toNumber,
  convert,
  same,
} = require('./values');
const {isNumber} = require('./operators');
const addresses = require('./addresses');

function missing(name) {
  return new PowerShellError(`The property '${name}' cannot be found on this object. Verify that the property exists.`);
}

// ---- properties

function get(value, name) {
  const key = name.toLowerCase();
  if (value === null || value === undefined) throw missing(name);
  if (value instanceof Hashtable) return ofTable(value, name);
  if (key === 'psobject') return propertiesOf(value);
  const items = itemsOf(value);
  if (items) {
    if (key === 'count' || (key === 'length' && Array.isArray(value))) return items.length;
    throw new Unsupported(`.${name} of every item of a collection`);
  }
  if (typeof value === 'string') {
    if (key === 'length') return value.length;
    throw missing(name);
  }
  if (value instanceof Enum && key === 'value__') return value.number;
  if (value instanceof PSObject && value.has(name)) return value.get(name);
  if (value.kind === 'Switch' || key === 'ispresent') return value.present;
  throw missing(name);
}

function ofTable(table, name) {
  if (table.has(name)) return table.get(name);
  const key = name.toLowerCase();
  if (key === 'count') return table.size;
  if (key === 'keys' || key === 'values') {
    const list = table.pairs().map(([k, v]) => (key === 'keys' ? k : v));
    // What is enumerated is the table itself: a change meanwhile is an error.
    list.of = table;
    return list;
  }
  throw missing(name);
}

/** `$object.PSObject.Properties`: at ['Name'] the property, or null. */
class Properties {
  constructor(object) {
    this.object = object;
  }
  at(name) {
    return this.object.has(name) ? PSObject.of({Name: name, Value: this.object.get(name)}) : null;
  }
}

function propertiesOf(value) {
  if (!(value instanceof PSObject)) throw new Unsupported('.PSObject of such a value');
  return PSObject.of({Properties: new Properties(value)});
}

function set(value, name, given) {
  if (value instanceof Hashtable) value.set(name, given);
  else if (value instanceof PSObject && value.has(name) && !value.kind) value.set(name, given);
  else
    throw new PowerShellError(
      `The property '${name}' cannot be found on this object. Verify that the property exists and can be set.`,
    );
}

function at(value, key) {
  if (value === null || value === undefined) throw new PowerShellError('Cannot index into a null array.');
  if (value instanceof Hashtable) return key === null ? null : value.get(key instanceof Enum ? toText(key) : key);
  if (value instanceof Properties) return value.at(toText(key));
  const items = typeof value === 'string' ? [...value].map((c) => new Char(c)) : itemsOf(value);
  if (!items) throw new PowerShellError('Unable to index into an object of this type.');
  if (itemsOf(key)) throw new Unsupported('an index that is an array');
  const number = convert('int', key);
  const place = number < 0 ? items.length + number : number;
  if (place in items) return items[place];
  if (value instanceof List) throw new PowerShellError('Index was out of range.');
  return null;
}

function setAt(value, key, given) {
  if (value instanceof Hashtable) return value.set(key instanceof Enum ? toText(key) : key, given);
  const items = itemsOf(value);
  if (!items) throw new PowerShellError('Unable to index into an object of this type.');
  const place = convert('int', key);
  if (!(place in items)) throw new PowerShellError('Index was outside the bounds of the array.');
  items[place] = given;
  return undefined;
}

// ---- methods

const of_text = {
  trim: (s, [chars]) => (chars === undefined ? s.trim() : trim(trim(s, chars, true), chars, false)),
  trimend: (s, [chars]) => (chars === undefined ? s.trimEnd() : trim(s, chars, false)),
  trimstart: (s, [chars]) => (chars === undefined ? s.trimStart() : trim(s, chars, true)),
  split: (s, [separator, limit]) => {
    // A text of several characters is, in .NET Framework, so many separators: nobody should rely on that.
    const text = toText(separator);
    if (text.length !== 1) throw new Unsupported('.Split with more than one character');
    if (limit === undefined) return s.split(text);
    const parts = s.split(text);
    return parts.length <= limit ? parts : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(text)];
  },
  startswith: (s, [start]) => s.startsWith(toText(start)),
  endswith: (s, [end]) => s.endsWith(toText(end)),
  contains: (s, [part]) => s.includes(toText(part)),
  indexof: (s, [part]) => s.indexOf(toText(part)),
  lastindexof: (s, [part]) => s.lastIndexOf(toText(part)),
  substring: (s, [from, length]) => {
    const end = length === undefined ? s.length : from + length;
    if (from < 0 || end > s.length || end < from)
      throw new PowerShellError('Index and length must refer to a location within the string.');
    return s.slice(from, end);
  },
  replace: (s, [from, to]) => {
    if (toText(from) === '') throw new PowerShellError('String cannot be of zero length.');
    return s.split(toText(from)).join(toText(to));
  },
  tolowerinvariant: (s) => s.toLowerCase(),
  toupperinvariant: (s) => s.toUpperCase(),
  tolower: (s) => s.toLowerCase(),
  tostring: (s) => s,
  padleft: (s, [width, char]) => s.padStart(width, char === undefined ? ' ' : toText(char)),
};

function trim(text, chars, from_start) {
  const set = toArray(chars).map(toText).join('');
  let [begin, end] = [0, text.length];
  while (from_start && begin < end && set.includes(text[begin])) ++begin;
  while (!from_start && end > begin && set.includes(text[end - 1])) --end;
  return text.slice(begin, end);
}

const of_table = {
  containskey: (t, [key]) => t.has(key),
  contains: (t, [key]) => t.has(key),
  add: (t, [key, value]) => {
    if (t.has(key))
      throw new PowerShellError(
        `Item has already been added. Key in dictionary: '${toText(key)}'  Key being added: '${toText(key)}'`,
      );
    t.set(key, value);
  },
  remove: (t, [key]) => {
    t.delete(key);
  },
  clear: (t) => {
    for (const [key] of t.pairs()) t.delete(key);
  },
};

const of_list = {
  add: (l, [value]) => {
    ++l.version;
    l.items.push(l.type ? convert(l.type, value) : value);
    return l.type ? undefined : l.items.length - 1;
  },
  addrange: (l, [values]) => {
    ++l.version;
    l.items.push(...toArray(values).map((value) => (l.type ? convert(l.type, value) : value)));
  },
  // Of .NET: with case, and without conversion.
  contains: (l, [value]) =>
    l.items.some(
      (item) => item === value || (item instanceof Big && value instanceof Big && item.value === value.value),
    ),
  toarray: (l) => [...l.items],
  clear: (l) => {
    ++l.version;
    l.items.length = 0;
  },
  removeat: (l, [place]) => {
    ++l.version;
    l.items.splice(place, 1);
  },
  insert: (l, [place, value]) => {
    ++l.version;
    l.items.splice(place, 0, value);
  },
  reverse: (l) => {
    ++l.version;
    l.items.reverse();
  },
  sort: (l) => {
    ++l.version;
    l.items.sort(compareAlike);
  },
};

/** .NET sorts only what is of one type. */
function compareAlike(a, b) {
  if (a instanceof Big && b instanceof Big) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  if (typeof a === typeof b && ['number', 'bigint'].includes(typeof a)) return a < b ? -1 : a > b ? 1 : 0;
  throw new Unsupported('a sort of such values');
}

const of_array = {contains: (a, [value]) => a.includes(value), clone: (a) => [...a]};

function call(value, name, given) {
  const key = name.toLowerCase();
  if (value === null || value === undefined)
    throw new PowerShellError('You cannot call a method on a null-valued expression.');
  const methods =
    typeof value === 'string'
      ? of_text
      : value instanceof Hashtable
        ? of_table
        : value instanceof List
          ? of_list
          : Array.isArray(value)
            ? of_array
            : (value.methods ?? {});
  const method = methods[key];
  if (method) return method(value, given);
  if (key === 'tostring' && given.length === 0) return toText(value);
  if (key === 'tostring' && isNumber(value)) throw new Unsupported('.ToString with a format');
  throw new Unsupported(`the method .${name}`);
}

// ---- what belongs to types

/** An IPAddress. */
function netAddress(text) {
  const parsed = addresses.parse(text);
  if (!parsed) return null;
  const object = PSObject.of(
    {
      AddressFamily: new Enum({InterNetwork: 2, InterNetworkV6: 23}, parsed.family === 4 ? 2 : 23),
      IPAddressToString: addresses.show(parsed),
      IsIPv4MappedToIPv6: parsed.family === 6 && parsed.value >> 32n === 0xffffn,
    },
    'IPAddress',
  );
  object.asText = () => addresses.show(parsed);
  object.sameAs = (other) =>
    other instanceof PSObject && other.kind === 'IPAddress' && other.asText() === object.asText();
  object.methods = {
    getaddressbytes: () => addresses.bytes(parsed),
    tostring: () => addresses.show(parsed),
    maptoipv4: () => netAddress(addresses.show({family: 4, value: parsed.value & 0xffffffffn})),
  };
  return object;
}

function parseAddress(text) {
  const object = typeof text === 'string' ? netAddress(text) : null;
  if (!object) throw new PowerShellError('An invalid IP address was specified.');
  return object;
}

function refuseNull(value, what) {
  if (value === null || value === undefined) throw new PowerShellError(`Value cannot be null. Parameter name: ${what}`);
  return value;
}

const fixed_calls = {
  'string::isnullorempty': (_, [text]) => text === null || text === undefined || toText(text) === '',
  'string::isnullorwhitespace': (_, [text]) => text === null || text === undefined || toText(text).trim() === '',
  'string::join': (_, [separator, ...values]) =>
    (values.length === 1 ? toArray(values[0]) : values).map(toText).join(toText(separator)),
  'string::equals': (_, [a, b]) => a === b,
  'system.net.ipaddress::parse': (_, [text]) => parseAddress(refuseNull(text, 'ipString')),
  'system.net.ipaddress::tryparse': (_, [text, into]) => {
    if (!(into instanceof Reference)) throw new Unsupported('TryParse without [ref]');
    const found = typeof text === 'string' ? netAddress(text) : null;
    into.set(found);
    return found !== null;
  },
  'system.bitconverter::tostring': (_, [bytes]) =>
    toArray(bytes)
      .map((b) => Number(b).toString(16).toUpperCase().padStart(2, '0'))
      .join('-'),
  'int::tryparse': (_, [text, into]) => tryNumber(text, into, 'int'),
  'long::tryparse': (_, [text, into]) => tryNumber(text, into, 'long'),
  'bigint::parse': (_, [text]) => convert('bigint', text),
  'math::max': (_, [a, b]) => (toNumber(a) > toNumber(b) ? a : b),
  'math::min': (_, [a, b]) => (toNumber(a) < toNumber(b) ? a : b),
};

function tryNumber(text, into, type) {
  const right = typeof text === 'string' && /^\s*[-+]?\d+\s*$/.test(text);
  try {
    into.set(right ? convert(type, text) : convert(type, 0));
    return right;
  } catch (problem) {
    if (!(problem instanceof PowerShellError)) throw problem;
    into.set(convert(type, 0));
    return false;
  }
}

function fixedName(type, name) {
  if (type.kind !== 'type') throw new Unsupported('`::` of something else than a type');
  return `${type.name}::${name}`.toLowerCase();
}

function fixedCall(interpreter, type, name, given) {
  const key = fixedName(type, name);
  const method = fixed_calls[key] ?? interpreter.machine.fixed_calls[key];
  if (!method) throw new Unsupported(`[${type.name}]::${name}()`);
  return method(interpreter, given);
}

const fixed_values = {
  'bigint::zero': () => new Big(0n),
  'bigint::one': () => new Big(1n),
  'string::empty': () => '',
  'int::maxvalue': () => 2147483647,
  'system.net.sockets.addressfamily::internetwork': () => new Enum({InterNetwork: 2, InterNetworkV6: 23}, 2),
  'system.net.sockets.addressfamily::internetworkv6': () => new Enum({InterNetwork: 2, InterNetworkV6: 23}, 23),
};

function fixedValue(type, name) {
  const made = fixed_values[fixedName(type, name)];
  if (!made) throw new Unsupported(`[${type.name}]::${name}`);
  return made();
}

function cast(type, value) {
  if (same(type, 'System.Net.IPAddress') || same(type, 'ipaddress')) {
    return value instanceof PSObject && value.kind === 'IPAddress' ? value : parseAddress(toText(value));
  }
  return convert(type, value);
}

module.exports = {get, set, at, setAt, call, fixedCall, fixedValue, cast, toBool};
