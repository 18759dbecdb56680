/** What the explorer's sources import, directly and by way of others. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Sources of the explorer. */
export const web = readdirSync(join(root, 'web/src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `web/src/${file}`.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file))

/** What a file imports when it runs: types are gone by then. */
export function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*\*.*$/gm, '') // examples in comments are no imports
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g),
    ...text.matchAll(/new URL\(\s*'(\.[^']+\.ts)'/g),
  ].map((match) => match[1].replace(/\?url$/, ''))
  return found.map((target) => {
    if (!target.startsWith('.')) return target
    const path = relative(root, join(root, dirname(file), target))
    const source = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), path].find((each) =>
      existsSync(join(root, each)),
    )
    if (!source && !path.startsWith('dist/')) throw new Error(`${file} imports ${target}, which is not there`)
    return source ?? path
  })
}

/** Everything that is reached from the files given, with the file that imports it. */
export function reachedFrom(files: readonly string[]): Map<string, string> {
  const reached = new Map(files.map((file) => [file, 'itself']))
  for (const file of reached.keys()) {
    if (!/\.tsx?$/.test(file)) continue
    for (const target of importsOf(file)) if (!reached.has(target)) reached.set(target, file)
  }
  return reached
}
