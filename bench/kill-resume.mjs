// A search killed at random moments and resumed, against one that is never interrupted: the tickets must be equal byte
// for byte. SIGKILL, also in the middle of writing checkpoints: one is written every second step.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder } from './cli.mjs'

const KILLS = 20
const STEPS = 400
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const text = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))

const settings = ['--data', text, '--model', 'micro', '--layers', '2', '--context', '64', '--batch', '8']
const schedule = ['--steps', `${STEPS}`, '--seed', '1', '--device', 'cpu', '--threads', '2']
const cadence = ['--checkpoint-every', '2', '--validate-every', '0', '--sample-every', '0']

export async function run(log, { kills = KILLS } = {}) {
  return inTemporaryFolder(async (folder) => {
    const whole = join(folder, 'whole.slt.safetensors')
    const uninterrupted = await search(['search', ...settings, ...schedule, ...cadence, '--out', whole])
    if (uninterrupted.code !== 0) throw new Error(uninterrupted.stderr)
    const out = join(folder, 'killed.slt.safetensors')
    const runFolder = `${out}.run`
    const steps = []
    let deaths = 0
    let begun = false
    for (;;) {
      const command = begun
        ? ['search', '--resume', runFolder]
        : ['search', ...settings, ...schedule, ...cadence, '--out', out, '--force']
      // One in five before the first step or near it, the others some random number of steps on and a moment later.
      const before = lastStep(runFolder)
      const further = Math.random() < 0.2 ? 0 : 1 + Math.floor((Math.random() * 2 * STEPS) / kills)
      const isDue = () => further === 0 || lastStep(runFolder) >= before + further
      const wait = Math.random() * (further === 0 ? 1000 : 50)
      const { code, signal, stderr } = await search(command, deaths < kills ? { isDue, wait } : undefined)
      begun = existsSync(join(runFolder, 'run.json'))
      if (signal === 'SIGKILL') {
        deaths++
        steps.push(lastStep(runFolder))
        continue
      }
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
      break
    }
    const [expected, actual] = [whole, out].map((file) => createHash('sha256').update(readFileSync(file)).digest('hex'))
    const rows = readFileSync(join(runFolder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).step)
    const isWhole = rows.length === STEPS && rows.every((step, i) => step === i + 1)
    log(`killed ${deaths} times, at steps ${steps.join(', ')}`)
    log(`uninterrupted ${expected}`)
    log(`resumed       ${actual}`)
    log(`metrics: ${rows.length} rows${isWhole ? ', each step once' : ', NOT each step once'}`)
    if (expected !== actual || !isWhole) throw new Error('the resumed run differs from the uninterrupted one')
    if (deaths < kills) throw new Error(`killed ${deaths} times of ${kills}: the run ended before`)
    return { kills: deaths, steps, sha256: actual, equal: expected === actual }
  })
}

/** Runs the command; `wait` milliseconds after `isDue` it is killed. */
function search(args, kill) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const poll = setInterval(() => {
      if (!kill?.isDue()) return
      clearInterval(poll)
      setTimeout(() => child.kill('SIGKILL'), kill.wait)
    }, 5)
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearInterval(poll)
      resolve({ code, signal, stderr })
    })
  })
}

function lastStep(folder) {
  const file = join(folder, 'metrics.jsonl')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines.length > 1 ? JSON.parse(lines.at(-2)).step : 0
}
