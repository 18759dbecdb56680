/** What modules import, read from their texts: TypeScript, or JavaScript as the compiler writes it. */

export interface Import {
  /** As it is written: a package, `node:fs`, or a relative path. */
  readonly target: string
  /** `type` is gone when the module runs, `static` is loaded with it, `dynamic` when it is asked for; `address` starts a worker. */
  readonly kind: 'type' | 'static' | 'dynamic' | 'address'
}

/** The imports of a module. Specifiers are literals: a computed one is not found, so the sources have none. */
export function importsIn(text: string): Import[] {
  const code = text.replaceAll(/^\s*\*.*$/gm, '') // examples in comments are no imports
  const found = (pattern: RegExp, kind: Import['kind']) =>
    [...code.matchAll(pattern)].map((match): Import => ({ target: match[1].replace(/\?url$/, ''), kind }))
  return [
    ...found(/^(?:import|export)\s+type\s[^;'"]*?\sfrom\s+['"]([^'"]+)['"]/gm, 'type'),
    ...found(/^(?:import|export)\s+(?!type\s)(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm, 'static'),
    ...found(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g, 'dynamic'),
    ...found(/\bnew URL\(\s*['"](\.[^'"]+\.[jt]s)['"]/g, 'address'),
  ]
}

/**
 * Everything that is reached from the modules given, with the module that imports it.
 * @param importsOf what a module imports; empty for what is none of ours
 */
export function reachedBy(
  from: readonly string[],
  importsOf: (module: string) => readonly string[],
): Map<string, string> {
  const reached = new Map(from.map((module) => [module, 'itself']))
  for (const module of reached.keys()) {
    for (const target of importsOf(module)) if (!reached.has(target)) reached.set(target, module)
  }
  return reached
}
