// The part of a machine's disk that scripts see: folders and texts by path, without regard to case.
'use strict';
const {PowerShellError} = require('./values');

class Files {
  constructor() {
    this.texts = new Map();
    this.folders = new Set(['c:\\', 'c:\\programdata']);
    this.owners = new Map();
    // Folders that are links.
    this.links = new Set();
  }

  key(path) {
    return path.replace(/\\+$/, '').toLowerCase();
  }
  has(path) {
    return this.texts.has(this.key(path)) || this.folders.has(this.key(path));
  }
  isFolder(path) {
    return this.folders.has(this.key(path));
  }

  read(path) {
    const text = this.texts.get(this.key(path));
    if (text === undefined) throw new PowerShellError(`Cannot find path '${path}' because it does not exist.`);
    return text;
  }

  write(path, text) {
    if (!this.isFolder(parent(path))) throw new PowerShellError(`Could not find a part of the path '${path}'.`);
    this.texts.set(this.key(path), text);
  }

  makeFolder(path) {
    if (this.has(path)) throw new PowerShellError(`An item with the specified name ${path} already exists.`);
    if (!this.isFolder(parent(path))) this.makeFolder(parent(path));
    this.folders.add(this.key(path));
  }

  remove(path, {recurse = false} = {}) {
    if (!this.has(path)) throw new PowerShellError(`Cannot find path '${path}' because it does not exist.`);
    const inside = (other) => other.startsWith(`${this.key(path)}\\`);
    if (!recurse && [...this.texts.keys(), ...this.folders].some(inside))
      throw new PowerShellError(`The item at ${path} has children and the Recurse parameter was not specified.`);
    for (const one of [...this.texts.keys()]) if (inside(one)) this.texts.delete(one);
    this.texts.delete(this.key(path));
    this.folders.delete(this.key(path));
  }

  move(from, to, force) {
    const text = this.read(from);
    if (this.texts.has(this.key(to)) && !force)
      throw new PowerShellError('Cannot create a file when that file already exists.');
    this.write(to, text);
    this.texts.delete(this.key(from));
  }

  /** Their names and texts, to be compared. */
  picture() {
    return JSON.stringify([[...this.texts].sort(), [...this.folders].sort()]);
  }
}

function parent(path) {
  const cut = path.replace(/\\+$/, '').lastIndexOf('\\');
  return cut <= 2 ? path.slice(0, 3) : path.slice(0, cut);
}

module.exports = {Files};
