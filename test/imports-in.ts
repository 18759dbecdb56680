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

/**
 * Groups of modules that import each other in a circle: the strongly connected components, by Tarjan's algorithm (SIAM J. Comput. 1972).
 * @param importsOf what a module imports; only the modules given count
 * @returns each group sorted; a module that imports itself is a group of one
 */
export function circlesIn(modules: readonly string[], importsOf: (module: string) => readonly string[]): string[][] {
  const numbers = new Map<string, number>() // in the order of the visits
  const open: string[] = []
  const circles: string[][] = []
  /** @returns the lowest number of an open module that is reached from this one */
  const visit = (module: string): number => {
    const number = numbers.size
    numbers.set(module, number)
    open.push(module)
    const targets = importsOf(module).filter((target) => modules.includes(target))
    let lowest = number
    for (const target of targets) {
      if (!numbers.has(target)) lowest = Math.min(lowest, visit(target))
      else if (open.includes(target)) lowest = Math.min(lowest, numbers.get(target)!)
    }
    if (lowest < number) return lowest
    const group = open.splice(open.indexOf(module))
    if (group.length > 1 || targets.includes(module)) circles.push(group.sort())
    return number
  }
  for (const module of modules) if (!numbers.has(module)) visit(module)
  return circles
}
