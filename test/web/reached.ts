/** What the explorer's sources import, directly and by way of others. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importsIn, reachedBy } from '../imports-in.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Sources of the explorer. */
export const web = readdirSync(join(root, 'web/src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `web/src/${file}`.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file))

/** What a file imports when it runs: types are gone by then. */
export function importsOf(file: string): string[] {
  const found = importsIn(readFileSync(join(root, file), 'utf8')).filter(({ kind }) => kind !== 'type')
  return found.map(({ target }) => {
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
export const reachedFrom = (files: readonly string[]): Map<string, string> =>
  reachedBy(files, (file) => (/\.tsx?$/.test(file) ? importsOf(file) : []))
