// PowerShell text -> a plain tree of the small subset that portpolicy's scripts keep to. What lies outside of the
// subset is an error with its line, never passed over. The grammar is tree-sitter-powershell's; it accepts some texts
// that PowerShell refuses, and these are refused here.
'use strict';
const path = require('path');
const {Parser, Language} = require('web-tree-sitter');

/** The text is not of the subset (or not PowerShell at all). */
class Outside extends Error {
  constructor(node, what) {
    const line = node.startPosition.row + 1;
    super(`line ${line}: ${what}`);
    this.line = line;
  }
}

let parser;
async function start() {
  await Parser.init();
  const wasm = path.join(
    path.dirname(require.resolve('tree-sitter-powershell/package.json')),
    'tree-sitter-powershell.wasm',
  );
  parser = new Parser();
  parser.setLanguage(await Language.load(wasm));
}

// The trees of the last texts: a script is checked and run.
const trees = new Map();

/** The tree of a script: {params, attributes, body}. */
function read(text) {
  if (!trees.has(text)) {
    if (trees.size > 15) trees.delete(trees.keys().next().value);
    trees.set(text, parse(text));
  }
  return trees.get(text);
}

function parse(text) {
  const tree = parser.parse(text);
  const root = tree.rootNode;
  try {
    if (root.hasError) throw new Outside(firstError(root), 'not PowerShell');
    const parts = named(root);
    const block = parts.find((n) => n.type === 'param_block');
    const list = parts.find((n) => n.type === 'statement_list');
    return {...parameters(block), body: list ? statements(list) : []};
  } finally {
    tree.delete();
  }
}

function firstError(node) {
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) if (child.hasError || child.isMissing) return firstError(child);
  return node;
}

/** The children with names; comments are none. */
function named(node) {
  return node.children.filter((n) => n.isNamed && n.type !== 'comment');
}

function only(node) {
  const parts = named(node);
  if (parts.length !== 1) throw new Outside(node, `not understood: ${node.type}`);
  return parts[0];
}

function lineOf(node) {
  return node.startPosition.row + 1;
}

// ---- parameters

function parameters(block) {
  if (!block) return {params: [], attributes: []};
  const list = named(block).find((n) => n.type === 'parameter_list');
  const attributes = named(block)
    .filter((n) => n.type === 'attribute_list')
    .flatMap((n) => named(n).map(attribute));
  return {params: list ? named(list).map(parameter) : [], attributes};
}

function parameter(node) {
  const all = named(node)
    .filter((n) => n.type === 'attribute_list')
    .flatMap((n) => named(n).map(attribute));
  const type = all.find((a) => a.type);
  const fallback = named(node).find((n) => n.type === 'script_parameter_default');
  return {
    name: variable(named(node).find((n) => n.type === 'variable')).name,
    type: type ? type.type.toLowerCase() : null,
    attributes: all.filter((a) => !a.type),
    fallback: fallback ? expression(only(fallback)) : null,
    line: lineOf(node),
  };
}

function attribute(node) {
  const parts = named(node);
  if (parts[0].type === 'type_literal') return {type: typeName(parts[0])};
  const given = parts.find((n) => n.type === 'attribute_arguments');
  const values = {},
    positional = [];
  for (const argument of given ? named(given) : []) {
    const inside = named(argument);
    if (inside[0].type === 'simple_name')
      values[inside[0].text.toLowerCase()] = inside[1] ? expression(inside[1]) : null;
    else positional.push(expression(inside[0]));
  }
  return {attribute: parts[0].text.toLowerCase(), values, positional};
}

function typeName(node) {
  return node.text.slice(1, -1).replace(/\s/g, '');
}

// ---- statements

function statements(list) {
  const parts = named(list).filter((n) => n.type !== 'empty_statement');
  for (let i = 1; i < parts.length; ++i) separated(list, parts[i - 1], parts[i]);
  return parts.map(statement);
}

/** PowerShell wants an end of line or `;` between two statements; the grammar is content with a space. */
function separated(list, first, second) {
  const between = list.text.slice(first.endIndex - list.startIndex, second.startIndex - list.startIndex);
  if (/[\n;]/.test(between) || /[}\n;]$/.test(first.text)) return;
  throw new Outside(second, 'two statements in one line');
}

function block(node) {
  const list = named(node).find((n) => n.type === 'statement_list');
  return list ? statements(list) : [];
}

const statement_kinds = {
  pipeline: pipelineStatement,
  if_statement: (node) => {
    const clauses = [];
    let otherwise = null;
    const add = (n) => clauses.push({when: pipelineStatement(named(n)[0]), body: block(named(n)[1])});
    add(node);
    for (const part of named(node).slice(2)) {
      if (part.type === 'elseif_clauses') named(part).forEach(add);
      else otherwise = block(only(part));
    }
    return {kind: 'if', clauses, otherwise};
  },
  foreach_statement: (node) => {
    const [name, over, body] = named(node);
    if (name.type !== 'variable') throw new Outside(node, 'a foreach that is not simple');
    return {kind: 'foreach', name: variable(name), over: pipelineStatement(over), body: block(body)};
  },
  while_statement: (node) => {
    const [condition, body] = named(node);
    return {kind: 'while', when: pipelineStatement(only(condition)), body: block(body)};
  },
  try_statement: (node) => {
    const [body, ...rest] = named(node);
    const catches = rest.find((n) => n.type === 'catch_clauses');
    const final = rest.find((n) => n.type === 'finally_clause');
    if (!catches && !final) throw new Outside(node, '`try` without `catch` or `finally`');
    if (catches && named(catches).length !== 1) throw new Outside(catches, 'more than one `catch`');
    return {
      kind: 'try',
      body: block(body),
      caught: catches ? block(only(only(catches))) : null,
      final: final ? block(only(final)) : null,
    };
  },
  function_statement: (node) => {
    if (node.children[0].text.toLowerCase() !== 'function') throw new Outside(node, `\`${node.children[0].text}\``);
    const name = named(node)[0].text;
    const script = named(node).find((n) => n.type === 'script_block');
    if (named(node).some((n) => n.type === 'function_parameter_declaration'))
      throw new Outside(node, 'parameters before `{`');
    const parts = script ? named(script) : [];
    const body = parts.find((n) => n.type === 'script_block_body');
    const list = body && only(body);
    if (list && list.type !== 'statement_list') throw new Outside(list, 'a named block');
    return {
      kind: 'function',
      name,
      ...parameters(parts.find((n) => n.type === 'param_block')),
      body: list ? statements(list) : [],
    };
  },
  flow_control_statement: (node) => {
    const word = node.children[0].type.toLowerCase();
    const value = named(node)[0];
    if (value && value.type !== 'pipeline') throw new Outside(node, 'a label');
    return {kind: word, value: value ? pipelineStatement(value) : null};
  },
};

function statement(node) {
  const make = statement_kinds[node.type];
  if (!make) throw new Outside(node, `outside of the subset: ${node.type.replace(/_/g, ' ')}`);
  return {...make(node), line: lineOf(node)};
}

function pipelineStatement(node) {
  if (node.type !== 'pipeline') return statement(node);
  const inside = only(node);
  const line = lineOf(node);
  if (inside.type === 'assignment_expression') {
    const [target, operator, value] = named(inside);
    return {kind: 'assign', target: assignable(target), operator: operator.text, value: pipelineStatement(value), line};
  }
  const part = only(inside);
  if (part.type === 'command') return {...command(part), line};
  return {kind: 'value', value: expression(part), line};
}

function assignable(node) {
  const target = expression(only(node));
  if (!['variable', 'member', 'index'].includes(target.kind))
    throw new Outside(node, 'an assignment to something else');
  return target;
}

// ---- commands

function command(node) {
  const invoked = node.children[0].type === 'command_invokation_operator' ? node.children[0].text : '';
  const name_node = node.childForFieldName('command_name');
  const inner = name_node.type === 'command_name_expr' ? only(name_node) : name_node;
  if (invoked === '.' || inner.type !== 'command_name') throw new Outside(node, 'a computed command');
  const elements = node.childForFieldName('command_elements');
  if (elements && elements.text.startsWith('(')) throw new Outside(node, 'a command called like a method');
  return {
    kind: 'command',
    name: inner.text,
    invoked,
    elements: elements ? arguments_(elements) : [],
    line: lineOf(node),
  };
}

/** Parameters with their values, splats and what stands alone. */
function arguments_(node) {
  const out = [];
  let colon = false;
  for (const part of named(node)) {
    if (part.type === 'command_argument_sep') {
      colon = part.text.startsWith(':');
      continue;
    }
    if (part.type === 'command_parameter') {
      if (!/^-[a-z]+$/i.test(part.text)) throw new Outside(part, `a parameter \`${part.text}\``);
      out.push({parameter: part.text.slice(1), line: lineOf(part), open: true});
      continue;
    }
    const last = out[out.length - 1];
    // `$text.Substring(7)` as an argument: the grammar parts the call from what is called.
    if (part.type === 'argument_list') {
      if (last?.value?.kind !== 'member') throw new Outside(part, 'parentheses behind an argument');
      last.value = {...last.value, kind: 'call', given: listed(part)};
      continue;
    }
    const value = argument(part);
    if (value.kind === 'splat') out.push({splat: value.name, line: lineOf(part)});
    else if (last && last.open) Object.assign(last, {value, colon, open: false});
    else out.push({value, line: lineOf(part)});
    colon = false;
  }
  return out;
}

function argument(node) {
  if (node.type === 'generic_token') {
    if (/[^-A-Za-z0-9_.:\\/=%]/.test(node.text)) throw new Outside(node, `a bare word \`${node.text}\``);
    return {kind: 'bare', value: node.text, line: lineOf(node)};
  }
  if (node.type === 'array_literal_expression' && node.text.startsWith('@') && /^@[A-Za-z_]\w*$/.test(node.text)) {
    return {kind: 'splat', name: node.text.slice(1)};
  }
  return expression(node);
}

// ---- expressions

const chains = new Set([
  'logical_expression',
  'bitwise_expression',
  'comparison_expression',
  'additive_expression',
  'multiplicative_expression',
  'format_expression',
  'range_expression',
  'unary_expression',
  'argument_expression',
  'logical_argument_expression',
  'bitwise_argument_expression',
  'comparison_argument_expression',
  'additive_argument_expression',
  'multiplicative_argument_expression',
  'format_argument_expression',
  'range_argument_expression',
  'integer_literal',
  'string_literal',
  'expression_with_unary_operator',
  'array_literal_expression',
]);

function expression(node) {
  while (chains.has(node.type)) {
    const parts = node.children.filter((n) => n.type !== 'comment');
    if (parts.length !== 1) break;
    node = parts[0];
  }
  const make = expression_kinds[node.type] ?? (chains.has(node.type) ? operation : null);
  if (!make) throw new Outside(node, `outside of the subset: ${node.type.replace(/_/g, ' ')}`);
  return {...make(node), line: lineOf(node)};
}

function operation(node) {
  const parts = node.children.filter((n) => n.type !== 'comment');
  if (node.type === 'array_literal_expression') {
    return {kind: 'comma', items: parts.filter((n) => n.isNamed).map(item)};
  }
  if (parts.length === 2) return {kind: 'unary', operator: parts[0].text.toLowerCase(), value: expression(parts[1])};
  if (parts.length === 3) {
    return {
      kind: 'binary',
      operator: parts[1].text.toLowerCase(),
      left: expression(parts[0]),
      right: expression(parts[2]),
    };
  }
  throw new Outside(node, `not understood: ${node.type}`);
}

/** A unary comma within a list is what the grammar makes of `80,,443`, which PowerShell refuses. */
function item(node) {
  if (node.text.startsWith(',')) throw new Outside(node, 'two commas in a row');
  return expression(node);
}

const expression_kinds = {
  variable,
  decimal_integer_literal: (node) => number(node, /^(\d+)$/, 10),
  hexadecimal_integer_literal: (node) => number(node, /^0x([0-9a-f]+)$/i, 16),
  real_literal: (node) => ({kind: 'real', value: Number(node.text)}),
  verbatim_string_characters: (node) => ({kind: 'constant', value: node.text.slice(1, -1).replace(/''/g, "'")}),
  expandable_string_literal: expandable,
  parenthesized_expression: (node) => ({kind: 'parentheses', value: pipelineStatement(only(node))}),
  sub_expression: (node) => ({kind: 'array', body: block(node), sub: true}),
  array_expression: (node) => ({kind: 'array', body: block(node)}),
  hash_literal_expression: hashtable,
  cast_expression: (node) => {
    const [type, value] = named(node);
    return {kind: 'cast', type: typeName(type), value: expression(value)};
  },
  type_literal: (node) => ({kind: 'type', name: typeName(node)}),
  member_access: (node) => {
    const [of, name] = named(node);
    return {kind: 'member', of: expression(of), name: member(name), fixed: node.children[1].text === '::'};
  },
  element_access: (node) => {
    const [of, at] = named(node);
    return {kind: 'index', of: expression(of), at: expression(at)};
  },
  invokation_expression: (node) => {
    const [of, name, list] = named(node);
    if (!list) throw new Outside(node, 'a call that is not simple');
    return {
      kind: 'call',
      of: expression(of),
      name: member(name),
      fixed: node.children[1].text === '::',
      given: listed(list),
    };
  },
  post_increment_expression: (node) => ({kind: 'step', target: expression(named(node)[0]), by: 1}),
  post_decrement_expression: (node) => ({kind: 'step', target: expression(named(node)[0]), by: -1}),
};

function variable(node) {
  const found = /^\$(?:(script|env):)?([A-Za-z_]\w*)$/i.exec(node.text);
  if (!found) throw new Outside(node, `a variable \`${node.text}\``);
  return {kind: 'variable', scope: (found[1] ?? '').toLowerCase(), name: found[2].toLowerCase(), line: lineOf(node)};
}

function listed(node) {
  const given = node.childForFieldName('argument_expression_list');
  return given ? named(given).map(expression) : [];
}

function number(node, form, base) {
  const found = form.exec(node.text);
  if (!found) throw new Outside(node, `a number \`${node.text}\``);
  const value = parseInt(found[1], base);
  if (!Number.isSafeInteger(value)) throw new Outside(node, `a number \`${node.text}\``);
  // From 0x80000000 on, hexadecimal is negative in PowerShell: nobody should write that.
  if (base === 16 && value > 0x7fffffff) throw new Outside(node, `a number \`${node.text}\` that is negative`);
  return {kind: 'constant', value: value > 0x7fffffff ? BigInt(value) : value};
}

function member(node) {
  const name = only(node);
  if (name.type !== 'simple_name') throw new Outside(node, 'a computed member');
  return name.text;
}

function hashtable(node) {
  const body = named(node)[0];
  const entries = (body ? named(body) : []).map((entry) => {
    const [key_node, value] = named(entry);
    const key = only(key_node);
    return {
      key: key.type === 'simple_name' ? {kind: 'constant', value: key.text} : expression(key),
      value: pipelineStatement(value),
      line: lineOf(entry),
    };
  });
  return {kind: 'hashtable', entries};
}

/** "a $name and $($some.member)": the text between, and what is put in. */
function expandable(node) {
  const parts = [];
  let at = node.startIndex + 1;
  const text = (end) => {
    const raw = node.text.slice(at - node.startIndex, end - node.startIndex);
    if (/[`$]/.test(raw)) throw new Outside(node, 'a `$` or a backtick in a string with double quotes');
    if (raw) parts.push(raw.replace(/""/g, '"'));
  };
  for (const part of named(node)) {
    text(part.startIndex);
    parts.push(expression(part));
    at = part.endIndex;
  }
  text(node.endIndex - 1);
  return {kind: 'expandable', parts};
}

module.exports = {start, read, Outside};
