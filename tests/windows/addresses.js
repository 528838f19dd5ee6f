// IP addresses as numbers: {family: 4 or 6, value: BigInt}, and ranges of them: {family, low, high}.
'use strict';

/** An address as .NET reads one; nothing for what is none. */
function parse(text) {
  if (/^\d+(\.\d+){3}$/.test(text)) return four(text.split('.'));
  const found = /^([0-9a-f:.]+)(%\w+)?$/i.exec(text);
  return found && text.includes(':') ? six(found[1]) : null;
}

function four(parts) {
  // A leading zero would mean octal: nobody should write that.
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part[0] === '0'))) return null;
  return {family: 4, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n)};
}

function six(text) {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const low = four(dotted[2].split('.'));
    if (!low) return null;
    text = `${dotted[1]}${(low.value >> 16n).toString(16)}:${(low.value & 0xffffn).toString(16)}`;
  }
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = groups.reduce((sum, list) => sum + list.length, 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return null;
  if (groups.flat().some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  const all = halves.length === 1 ? groups[0] : [...groups[0], ...Array(8 - count).fill('0'), ...groups[1]];
  return {family: 6, value: all.reduce((sum, group) => sum * 65536n + BigInt(parseInt(group, 16)), 0n)};
}

function show({family, value}) {
  if (family === 4) return [24n, 16n, 8n, 0n].map((by) => (value >> by) & 255n).join('.');
  const groups = Array.from({length: 8}, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let best = {from: 0, count: 1};
  for (let from = 0; from < 8; ++from) {
    let count = 0;
    while (from + count < 8 && groups[from + count] === '0') ++count;
    if (count > best.count) best = {from, count};
  }
  if (best.count < 2) return groups.join(':');
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.count).join(':')}`;
}

function bytes({family, value}) {
  const count = family === 4 ? 4 : 16;
  return Array.from({length: count}, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 255n));
}

function width(family) {
  return family === 4 ? 32 : 128;
}

function top(family) {
  return (1n << BigInt(width(family))) - 1n;
}

/** The range of an address, a prefix by length or by mask, or `a-b`; why not, where it is none. */
function range(text) {
  const single = parse(text);
  if (single) return {family: single.family, low: single.value, high: single.value};
  const ends = text.split('-');
  if (ends.length === 2) {
    const [low, high] = ends.map(parse);
    if (!low || !high || low.family !== high.family) return {problem: 'no range of addresses'};
    if (low.value > high.value) return {problem: 'a range that goes down'};
    return {family: low.family, low: low.value, high: high.value};
  }
  const [base_text, length_text] = text.split('/');
  const base = length_text === undefined ? null : parse(base_text);
  if (!base) return {problem: 'neither address nor keyword'};
  const length = prefixLength(length_text, base.family);
  if (length === null) return {problem: 'no length of a prefix'};
  if (length === 0) return {problem: 'a prefix of length 0'};
  const rest = (1n << BigInt(width(base.family) - length)) - 1n;
  return {
    family: base.family,
    low: base.value & ~rest,
    high: base.value | rest,
    length,
    loose: (base.value & rest) !== 0n,
  };
}

function prefixLength(text, family) {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= width(family) ? Number(text) : null;
  const mask = family === 4 ? parse(text) : null;
  if (!mask || mask.family !== 4) return null;
  const bits = mask.value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? (bits.indexOf('0') === -1 ? 32 : bits.indexOf('0')) : null;
}

module.exports = {parse, show, bytes, range, top, width};
