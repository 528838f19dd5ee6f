// An interpreter of the subset of PowerShell that syntax.js reads. A script's tree becomes closures: a statement takes
// the scope and the place its output goes to and says how it ended, an expression takes the scope and gives a value.
'use strict';
const {
  PowerShellError,
  Unsupported,
  Switch,
  Hashtable,
  PSObject,
  List,
  gathered,
  itemsOf,
  toText,
  toBool,
  convert,
} = require('./values');
const {binary} = require('./operators');
const {bind} = require('./binding');
const expressions = require('./expressions');

/** `exit`: nothing but `finally` stands in its way. */
class Exit {
  constructor(code) {
    this.code = code;
  }
}

/** Variables: what a function sets is its own, what it reads may be its caller's. */
class Scope {
  constructor(parent) {
    this.parent = parent;
    this.script = parent ? parent.script : this;
    this.variables = new Map();
    this.types = new Map();
  }
  find(name) {
    for (let scope = this; scope; scope = scope.parent) if (scope.variables.has(name)) return scope;
    return null;
  }
  get(name) {
    return this.find(name)?.variables.get(name);
  }
  set(name, value) {
    const type = this.types.get(name);
    this.variables.set(name, type ? convert(type, value) : value);
  }
}

/** A value put out by a statement: arrays and lists give their items. */
function put(out, value) {
  if (value === undefined) return;
  const items = itemsOf(value);
  if (items) out.push(...items);
  else out.push(value);
}

/** Runs one script, as often as is wanted; nothing is left of one run in the next. */
class Interpreter {
  constructor(tree) {
    this.tree = tree;
    this.body = this.block(tree.body);
  }

  /** `machine` has the commands (a Map by lower-case name), the environment and the automatic variables.
      Gives the exit code and what was said. */
  run(machine, given = {}) {
    this.machine = machine;
    this.functions = new Map();
    this.said = {output: [], warning: [], verbose: [], whatif: [], error: []};
    this.scope = new Scope(null);
    this.depth = 0;
    this.questions = 0;
    this.begin(given);
    try {
      this.body(this.scope, this.said.output);
    } catch (problem) {
      if (problem instanceof Exit) return {code: problem.code, ...this.said};
      if (!(problem instanceof PowerShellError)) throw problem;
      this.said.error.push(problem.message);
      return {code: 1, ...this.said};
    }
    return {code: 0, ...this.said};
  }

  begin(given) {
    const set = (name, value) => this.scope.variables.set(name, value);
    for (const [name, value] of Object.entries({
      true: true,
      false: false,
      null: null,
      lastexitcode: null,
      erroractionpreference: 'Continue',
      whatifpreference: false,
      ...this.machine.variables,
    }))
      set(name, value);
    const named = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
    if (named.has('whatif')) set('whatifpreference', toBool(named.get('whatif')));
    named.delete('whatif');
    this.asks = named.has('confirm') && toBool(named.get('confirm'));
    named.delete('confirm');
    set('pscmdlet', this.cmdlet(this.tree.attributes));
    bind(this, this.tree.params, named, [], this.scope, 'the script');
  }

  cmdlet(attributes) {
    const binding = attributes.find((a) => a.attribute === 'cmdletbinding');
    const object = new PSObject('PSCmdlet');
    object.methods = {getunresolvedproviderpathfrompspath: (_, [path]) => this.machine.fullPath(toText(path))};
    object.supports = Boolean(binding && 'supportsshouldprocess' in binding.values);
    object.impact = binding?.values.confirmimpact?.value ?? 'Medium';
    return object;
  }

  // ---- statements

  block(list) {
    const made = list.map((node) => this.statement(node));
    return (scope, out) => {
      for (const run of made) {
        const ended = run(scope, out);
        if (ended) return ended;
      }
      return null;
    };
  }

  statement(node) {
    const make = this['statement_' + node.kind];
    if (!make) throw new Unsupported(`line ${node.line}: ${node.kind}`);
    const run = make.call(this, node);
    return (scope, out) => {
      try {
        return run(scope, out);
      } catch (problem) {
        if (problem instanceof PowerShellError || problem instanceof Unsupported) problem.line ??= node.line;
        throw problem;
      }
    };
  }

  /** The value of a statement that stands where a value is wanted. */
  valueOf(node) {
    if (node.kind === 'value') return this.expression(node.value);
    const run = this.statement(node);
    return (scope) => {
      const out = [];
      if (run(scope, out)) throw new Unsupported(`line ${node.line}: a jump out of a value`);
      return gathered(out);
    };
  }

  statement_value(node) {
    const value = this.expression(node.value);
    if (node.value.kind === 'step')
      return (scope) => {
        value(scope);
        return null;
      };
    return (scope, out) => {
      put(out, value(scope));
      return null;
    };
  }

  statement_assign(node) {
    const value = this.valueOf(node.value);
    const operator = node.operator === '=' ? null : binary[node.operator.slice(0, -1)];
    if (node.operator !== '=' && !operator) throw new Unsupported(`line ${node.line}: ${node.operator}`);
    const get = operator ? this.expression(node.target) : null;
    const set = this.setter(node.target);
    return (scope) => {
      const right = value(scope);
      set(scope, operator ? operator(get(scope), right) : right);
      return null;
    };
  }

  statement_if(node) {
    const clauses = node.clauses.map(({when, body}) => [this.valueOf(when), this.block(body)]);
    const otherwise = node.otherwise ? this.block(node.otherwise) : () => null;
    return (scope, out) => {
      for (const [when, body] of clauses) if (toBool(when(scope))) return body(scope, out);
      return otherwise(scope, out);
    };
  }

  statement_foreach(node) {
    const over = this.valueOf(node.over);
    const body = this.block(node.body);
    const set = this.setter(node.name);
    return (scope, out) => {
      const value = over(scope);
      if (value === undefined || value === null) return null;
      const items = itemsOf(value) ?? [value];
      const watched = value instanceof List ? value : (value.of ?? null);
      const version = watched?.version;
      for (const item of [...items]) {
        if (watched && watched.version !== version) {
          throw new PowerShellError('Collection was modified; enumeration operation may not execute.');
        }
        set(scope, item);
        const ended = body(scope, out);
        if (ended === 'break') break;
        if (ended && ended !== 'continue') return ended;
      }
      return null;
    };
  }

  statement_while(node) {
    const when = this.valueOf(node.when);
    const body = this.block(node.body);
    return (scope, out) => {
      for (let rounds = 0; toBool(when(scope)); ++rounds) {
        if (rounds > 1000000) throw new Unsupported(`line ${node.line}: a loop without end`);
        const ended = body(scope, out);
        if (ended === 'break') break;
        if (ended && ended !== 'continue') return ended;
      }
      return null;
    };
  }

  statement_try(node) {
    const body = this.block(node.body);
    const caught = node.caught ? this.block(node.caught) : null;
    const final = node.final ? this.block(node.final) : null;
    const guarded = (scope, out) => {
      try {
        return body(scope, out);
      } catch (problem) {
        if (!caught || !(problem instanceof PowerShellError)) throw problem;
        const before = scope.variables.get('_');
        scope.variables.set('_', errorRecord(problem));
        try {
          return caught(scope, out);
        } finally {
          if (before === undefined) scope.variables.delete('_');
          else scope.variables.set('_', before);
        }
      }
    };
    if (!final) return guarded;
    return (scope, out) => {
      let ended = null;
      try {
        ended = guarded(scope, out);
      } finally {
        // A defect of this test must not be hidden by what a `finally` does.
        if (final(scope, out)) ended = 'unsupported';
      }
      if (ended === 'unsupported') throw new Unsupported(`line ${node.line}: a jump out of \`finally\``);
      return ended;
    };
  }

  statement_function(node) {
    const made = {...node, run: null};
    const body = this.block(node.body);
    made.run = body;
    made.advanced = node.attributes.some((a) => a.attribute === 'cmdletbinding');
    return () => {
      this.functions.set(node.name.toLowerCase(), made);
      return null;
    };
  }

  statement_return(node) {
    const value = node.value ? this.outputOf(node.value) : () => {};
    return (scope, out) => {
      value(scope, out);
      return 'return';
    };
  }

  /** What `return` puts out: a command writes straight on, a value is enumerated. */
  outputOf(node) {
    const run = this.statement(node);
    return (scope, out) => {
      if (run(scope, out)) throw new Unsupported(`line ${node.line}: a jump out of a value`);
    };
  }

  statement_break() {
    return () => 'break';
  }
  statement_continue() {
    return () => 'continue';
  }

  statement_exit(node) {
    const value = node.value ? this.valueOf(node.value) : () => 0;
    return (scope) => {
      throw new Exit(convert('int', value(scope)));
    };
  }

  statement_throw(node) {
    const value = node.value ? this.valueOf(node.value) : null;
    return (scope) => {
      const what = value ? value(scope) : scope.get('_');
      if (what instanceof PSObject && what.problem) throw what.problem;
      throw new PowerShellError(value ? toText(what) : 'ScriptHalted');
    };
  }

  // ---- commands

  statement_command(node) {
    const elements = node.elements.map((element) => ({
      ...element,
      value: element.value ? this.argument(element.value) : null,
    }));
    const name = node.name.toLowerCase();
    return (scope, out) => {
      const made = this.functions.get(name);
      const command = made ? null : this.machine.commands.get(name);
      if (!made && !command) throw new Unsupported(`line ${node.line}: the command \`${node.name}\``);
      if (Boolean(node.invoked) !== Boolean(command?.program))
        throw new Unsupported(`line ${node.line}: \`&\` is for programs`);
      const {named, positional} = this.given(elements, made ?? command, scope);
      if (made) this.call(made, named, positional, scope, out);
      else
        for (const value of command.run({
          interpreter: this,
          scope,
          named,
          positional,
          name: node.name,
          line: node.line,
        })) {
          if (value !== undefined) out.push(value);
        }
      return null;
    };
  }

  argument(node) {
    if (node.kind === 'bare') return () => (/^\d+$/.test(node.value) ? Number(node.value) : node.value);
    return this.expression(node);
  }

  /** The arguments of a call by name and by place, splats unfolded. */
  given(elements, target, scope) {
    const named = new Map(),
      positional = [];
    const add = (name, value, line) => {
      const key = this.parameterOf(target, name, line);
      if (named.has(key))
        throw new PowerShellError(`Cannot bind parameter because parameter '${key}' is specified more than once.`);
      named.set(key, value === undefined ? null : value);
    };
    for (const element of elements) {
      if (element.splat !== undefined) {
        const table = this.variable(scope, '', element.splat.toLowerCase());
        if (!(table instanceof Hashtable))
          throw new Unsupported(`line ${element.line}: a splat of something else than a hashtable`);
        for (const [key, value] of table.pairs()) add(toText(key), value, element.line);
      } else if (element.parameter === undefined) {
        positional.push(element.value(scope) ?? null);
      } else if (!element.value) {
        if (!target.program && !this.isSwitch(target, element.parameter, element.line)) {
          throw new PowerShellError(`Missing an argument for parameter '${element.parameter}'.`);
        }
        add(element.parameter, new Switch(true), element.line);
      } else if (!element.colon && this.isSwitch(target, element.parameter, element.line)) {
        add(element.parameter, new Switch(true), element.line);
        positional.push(element.value(scope) ?? null);
      } else {
        add(element.parameter, element.value(scope), element.line);
      }
    }
    return {named, positional};
  }

  parameterOf(target, name, line) {
    const key = name.toLowerCase();
    target.names ??= new Map(target.params.map((param) => [param.name.toLowerCase(), param]));
    if (target.names.has(key)) return target.names.get(key).name;
    if (target.common?.has(key)) return key;
    if (target.advanced && ['erroraction', 'verbose', 'whatif', 'confirm'].includes(key)) {
      throw new Unsupported(`line ${line}: -${name} for an own function`);
    }
    throw new PowerShellError(`A parameter cannot be found that matches parameter name '${name}'.`);
  }

  isSwitch(target, name, line) {
    const key = this.parameterOf(target, name, line).toLowerCase();
    const found = target.names.get(key);
    return found ? found.type === 'switch' : ['whatif', 'confirm', 'verbose'].includes(key);
  }

  call(made, named, positional, scope, out) {
    if (++this.depth > 100) throw new Unsupported('calls without end');
    const inner = new Scope(scope);
    if (made.advanced) inner.variables.set('pscmdlet', this.cmdlet(made.attributes));
    try {
      bind(this, made.params, named, positional, inner, made.name);
      const ended = made.run(inner, out);
      if (ended && ended !== 'return') throw new Unsupported(`\`${ended}\` out of ${made.name}`);
    } finally {
      --this.depth;
    }
  }

  /** An error that is not final: the caller's -ErrorAction, or the preference it sees, says whether it becomes so. */
  fail(call, message, {own_preference = true} = {}) {
    const asked =
      call.named.get('erroraction') ?? (own_preference ? call.scope.get('erroractionpreference') : 'Continue');
    if (toText(asked).toLowerCase() === 'stop') throw new PowerShellError(message);
    if (toText(asked).toLowerCase() === 'continue') this.said.error.push(message);
    return [];
  }

  /** With -Confirm somebody is asked each time. */
  confirmed() {
    if (!this.asks) return true;
    ++this.questions;
    return this.questions !== this.machine.no_at;
  }

  shouldProcess(scope, cmdlet, given) {
    if (!cmdlet.supports) throw new Unsupported('ShouldProcess without SupportsShouldProcess');
    if (cmdlet.impact.toLowerCase() === 'high') throw new Unsupported('ConfirmImpact High: every step would ask');
    if (!toBool(scope.get('whatifpreference'))) return this.confirmed();
    const [target, action] = given.map(toText);
    this.said.whatif.push(action === undefined ? target : `${action}: ${target}`);
    return false;
  }
}

Object.assign(Interpreter.prototype, expressions);

/** What `$_` is in a `catch`. */
function errorRecord(problem) {
  const record = PSObject.of(
    {
      Exception: PSObject.of({Message: problem.message}),
      ScriptStackTrace: `at line ${problem.line}`,
      InvocationInfo: PSObject.of({ScriptLineNumber: problem.line ?? 0}),
      FullyQualifiedErrorId: 'Error',
    },
    'ErrorRecord',
  );
  record.problem = problem;
  record.asText = () => problem.message;
  return record;
}

module.exports = {Interpreter};
