import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startContestant } from '../contestant.mjs'

const script = fileURLToPath(new URL('pytorch.py', import.meta.url))
const vectors = fileURLToPath(new URL('../../test/vectors/pytorch', import.meta.url))

/**
 * Finds PyTorch in the Python that the environment variable SLT_PYTHON names (default python3), and compares its losses
 * with the vectors of the tests.
 * @returns { version, largestDifference, start(options) }, or { missing: why } where there is none
 * @throws Error when its losses are wrong
 */
export function findPyTorch(threads) {
  const python = process.env.SLT_PYTHON ?? 'python3'
  const flags = ['-B', script, '--threads', `${threads}`]
  const { stdout, stderr, error } = spawnSync(python, [...flags, '--verify', vectors], { encoding: 'utf8' })
  if (error) return { missing: `${python}: ${error.message}` }
  if (stdout === '') return { missing: `${python}: ${stderr.trim().split('\n').at(-1)}` }
  const found = JSON.parse(stdout)
  if (found.missing) return { missing: `${python} has no ${found.missing}` }
  if (!found.verified) throw new Error(`PyTorch: a loss is ${found.largestDifference} from the vectors`)
  return {
    version: found.torch,
    largestDifference: found.largestDifference,
    /** A contestant; options as on the script's command line. */
    start(options) {
      const args = Object.entries(options).flatMap(([name, value]) => {
        if (typeof value === 'boolean') return value ? [`--${name}`] : []
        return [`--${name}`, `${value}`]
      })
      return startContestant(python, [...flags, '--serve', ...args])
    },
  }
}
