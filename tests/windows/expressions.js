// The expressions of the interpreter: each node of the tree becomes a function that takes the scope and gives the
// value.
'use strict';
const {
  PowerShellError,
  Unsupported,
  Type,
  Reference,
  Hashtable,
  PSObject,
  Real,
  gathered,
  itemsOf,
  toText,
  toBool,
  toArray,
} = require('./values');
const {binary, pattern} = require('./operators');
const members = require('./members');

/** Methods of Interpreter. */
const expressions = {
  expression(node) {
    const make = this['expression_' + node.kind];
    if (!make) throw new Unsupported(`line ${node.line}: ${node.kind}`);
    return make.call(this, node);
  },

  expression_constant(node) {
    return () => node.value;
  },
  expression_real(node) {
    return () => new Real(node.value);
  },
  expression_type(node) {
    return () => new Type(node.name);
  },

  variable(scope, kind, name) {
    if (kind === 'env') return this.machine.environment[name] ?? null;
    const found = kind === 'script' ? (scope.script.variables.has(name) ? scope.script : null) : scope.find(name);
    if (!found) throw new PowerShellError(`The variable '$${name}' cannot be retrieved because it has not been set.`);
    return found.variables.get(name);
  },

  expression_variable(node) {
    return (scope) => this.variable(scope, node.scope, node.name);
  },

  expression_expandable(node) {
    const parts = node.parts.map((part) => (typeof part === 'string' ? () => part : this.expression(part)));
    return (scope) => parts.map((part) => toText(part(scope))).join('');
  },

  expression_parentheses(node) {
    if (node.value.kind === 'assign') throw new Unsupported(`line ${node.line}: an assignment in parentheses`);
    return this.valueOf(node.value);
  },

  expression_array(node) {
    const body = this.block(node.body);
    return (scope) => {
      const out = [];
      if (body(scope, out)) throw new Unsupported(`line ${node.line}: a jump out of a value`);
      return node.sub ? gathered(out) : out;
    };
  },

  expression_comma(node) {
    const items = node.items.map((item) => this.expression(item));
    return (scope) => items.map((item) => item(scope) ?? null);
  },

  expression_hashtable(node) {
    const entries = node.entries.map(({key, value, line}) => [this.expression(key), this.valueOf(value), line]);
    return (scope, options = {}) => {
      const table = new Hashtable(options);
      for (const [key, value, line] of entries) {
        const k = key(scope);
        if (table.has(k)) throw new Unsupported(`line ${line}: a key twice`);
        table.set(k, value(scope));
      }
      return table;
    };
  },

  expression_unary(node) {
    const value = this.expression(node.value);
    const acts = {
      '-not': (v) => !toBool(v),
      '!': (v) => !toBool(v),
      '-': (v) => binary['-'](0, v),
      '+': (v) => binary['+'](0, v),
      ',': (v) => [v ?? null],
      '-join': (v) => toArray(v).map(toText).join(''),
    };
    const act = acts[node.operator];
    if (!act) throw new Unsupported(`line ${node.line}: unary ${node.operator}`);
    return (scope) => act(value(scope));
  },

  expression_binary(node) {
    const left = this.expression(node.left);
    const right = this.expression(node.right);
    if (node.operator === '-and') return (scope) => toBool(left(scope)) && toBool(right(scope));
    if (node.operator === '-or') return (scope) => toBool(left(scope)) || toBool(right(scope));
    if (node.operator === '-match' || node.operator === '-notmatch') return this.match(node, left, right);
    const act = binary[node.operator];
    if (!act) throw new Unsupported(`line ${node.line}: ${node.operator}`);
    return (scope) => act(left(scope) ?? null, right(scope) ?? null);
  },

  match(node, left, right) {
    const wanted = node.operator === '-match';
    return (scope) => {
      const value = left(scope);
      if (itemsOf(value)) throw new Unsupported(`line ${node.line}: -match over an array`);
      const found = pattern(toText(right(scope))).exec(toText(value));
      if (found) {
        const table = new Hashtable();
        found.forEach((text, at) => {
          if (text !== undefined) table.set(at, text);
        });
        for (const [name, text] of Object.entries(found.groups ?? {})) if (text !== undefined) table.set(name, text);
        scope.variables.set('matches', table);
      }
      return Boolean(found) === wanted;
    };
  },

  expression_cast(node) {
    const type = node.type.toLowerCase();
    if (node.value.kind === 'hashtable' && type === 'pscustomobject') {
      const table = this.expression(node.value);
      return (scope) => {
        const object = new PSObject();
        for (const [key, value] of table(scope, {ordered: true}).pairs()) object.add(toText(key), value);
        return object;
      };
    }
    if (node.value.kind === 'hashtable' && type === 'ordered') {
      const table = this.expression(node.value);
      return (scope) => table(scope, {ordered: true});
    }
    if (type === 'ref') {
      const set = this.setter(node.value);
      return (scope) => new Reference((value) => set(scope, value));
    }
    const value = this.expression(node.value);
    return (scope) => members.cast(node.type, value(scope));
  },

  expression_member(node) {
    if (node.fixed) return () => members.fixedValue(node.of, node.name);
    const of = this.expression(node.of);
    return (scope) => members.get(of(scope), node.name);
  },

  expression_index(node) {
    const of = this.expression(node.of);
    const at = this.expression(node.at);
    return (scope) => members.at(of(scope), at(scope));
  },

  expression_call(node) {
    const given = node.given.map((value) => this.expression(value));
    if (node.fixed)
      return (scope) =>
        members.fixedCall(
          this,
          node.of,
          node.name,
          given.map((value) => value(scope)),
        );
    const of = this.expression(node.of);
    return (scope) => {
      const value = of(scope);
      const values = given.map((one) => one(scope) ?? null);
      if (value instanceof PSObject && value.kind === 'PSCmdlet' && node.name.toLowerCase() === 'shouldprocess') {
        return this.shouldProcess(scope, value, values);
      }
      return members.call(value, node.name, values);
    };
  },

  expression_step(node) {
    const get = this.expression(node.target);
    const set = this.setter(node.target);
    return (scope) => {
      set(scope, binary['+'](get(scope) ?? 0, node.by));
    };
  },

  // ---- what is assigned to

  setter(node) {
    if (node.kind === 'variable') {
      if (node.scope === 'env') throw new Unsupported(`line ${node.line}: an assignment to the environment`);
      if (['true', 'false', '_', 'pscmdlet', 'env'].includes(node.name))
        throw new Unsupported(`line ${node.line}: an assignment to $${node.name}`);
      if (node.name === 'null') return () => {};
      return (scope, value) => (node.scope === 'script' ? scope.script : scope).set(node.name, value);
    }
    const of = this.expression(node.of);
    if (node.kind === 'member') return (scope, value) => members.set(of(scope), node.name, value ?? null);
    const at = this.expression(node.at);
    return (scope, value) => members.setAt(of(scope), at(scope), value ?? null);
  },
};

module.exports = expressions;
