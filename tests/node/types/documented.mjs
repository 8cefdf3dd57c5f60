// Whether everything public has its documentation: `complaints(files)` lists what has none.

import ts from 'typescript'

/** Names that say it all, or that the language gives. */
const SELF_EXPLAINING = new Set(['toJSON', '__asyncDispose', '__asyncIterator', 'constructor'])

export function complaints(files) {
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noResolve: false, skipLibCheck: true })
  const checker = program.getTypeChecker()
  const found = new Set()
  for (const file of files) {
    const source = program.getSourceFile(file)
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(source))) {
      const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      look(own, symbol.name)
    }
  }
  return [...found].toSorted()

  function look(symbol, name) {
    if (isUndocumented(symbol)) found.add(name)
    const members = [...(symbol.members?.values() ?? []), ...staticsOf(symbol)]
    for (const member of members) {
      if (member.name === 'prototype' || isPrivate(member) || [...SELF_EXPLAINING].some((known) => member.name.startsWith(known))) continue
      if (member.flags & ts.SymbolFlags.TypeParameter || isForbidden(member)) continue
      if (isUndocumented(member)) found.add(`${name}.${member.name}`)
    }
  }

  function isUndocumented(symbol) {
    const declarations = symbol.declarations ?? []
    // Of overloads one carries the text; a property that stands for another's is documented there.
    return declarations.length > 0 && symbol.getDocumentationComment(checker).length === 0 && symbol.getJsDocTags(checker).length === 0
  }
}

/** A property that must not be there has nothing to tell. */
function isForbidden(symbol) {
  return (symbol.declarations ?? []).some((declaration) => declaration.type?.kind === ts.SyntaxKind.NeverKeyword)
}

function staticsOf(symbol) {
  return symbol.flags & ts.SymbolFlags.Class ? [...(symbol.exports?.values() ?? [])] : []
}

function isPrivate(symbol) {
  return (symbol.declarations ?? []).some((declaration) => (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private) !== 0)
}
