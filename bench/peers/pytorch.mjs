import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startContestant } from '../contestant.mjs'
import { median } from '../measure.mjs'

const script = fileURLToPath(new URL('pytorch.py', import.meta.url))
const vectors = fileURLToPath(new URL('../../test/vectors/pytorch', import.meta.url))
/** Steps that decide whether PyTorch is faster compiled: after those that compile, by so many turns of so many steps. */
const TRIAL = { warmUp: 3, turns: 2, steps: 2 }

/**
 * Finds PyTorch in the Python that the environment variable SLT_PYTHON names (default python3), and compares its losses
 * with the vectors of the tests.
 * @returns { version, largestDifference, startFastest(options) }, or { missing: why } where there is none;
 *   largestDifference is by dtype
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
  if (!found.verified) {
    throw new Error(`PyTorch: losses differ from the vectors by ${JSON.stringify(found.largestDifference)}`)
  }
  const start = (options) => startContestant(python, [...flags, '--serve', ...argumentsOf(options)])
  return {
    version: found.torch,
    largestDifference: found.largestDifference,
    startFastest: (options) => startFastest(start, options),
  }
}

/** Options as on the script's command line. */
function argumentsOf(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : []
    return [`--${name}`, `${value}`]
  })
}

/**
 * Tries PyTorch plain and compiled, by turns, and keeps the faster. Compiling alone may fail, since it needs a C++ compiler.
 * @returns { contestant, form: plain | compiled, seconds: { plain, compiled }, failure: why it does not compile }
 */
async function startFastest(start, options) {
  const forms = { plain: start(options), compiled: start({ ...options, compile: true }) }
  const seconds = {}
  let failure
  try {
    await forms.plain.run(TRIAL.warmUp)
    try {
      await forms.compiled.run(TRIAL.warmUp)
    } catch (error) {
      failure = error.message
    }
    const tried = failure === undefined ? ['plain', 'compiled'] : ['plain']
    const found = Object.fromEntries(tried.map((form) => [form, []]))
    for (let turn = 0; turn < TRIAL.turns; turn++) {
      for (const form of tried) found[form].push(...(await forms[form].run(TRIAL.steps)).seconds)
    }
    for (const form of tried) seconds[form] = median(found[form])
  } catch (error) {
    for (const each of Object.values(forms)) each.kill()
    throw error
  }
  const form = seconds.compiled < seconds.plain ? 'compiled' : 'plain'
  forms[form === 'plain' ? 'compiled' : 'plain'].kill()
  return { contestant: forms[form], form, seconds, failure }
}
