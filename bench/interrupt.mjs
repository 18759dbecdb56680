// From a signal to the end of the process: every command that takes time, interrupted at random moments from its start to its end. Each
// must end with 130 (or be done by then), and leave no file under a temporary name. Sizes are such that all of it takes less than ten minutes.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder } from './cli.mjs'

const TIMES = 3
/** Seconds from which signals come where a command takes minutes: it is not run to its end. */
const FIRST = 15
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const main = file('../dist/cli/main.js')
const text = file('../data/tinyshakespeare/input.txt')
const sorter = file('../data/gpt-nano-sort')

export async function run(log, { times = TIMES } = {}) {
  return inTemporaryFolder(async (folder) => {
    const at = (name) => join(folder, name)
    const made = [
      ['search', '--data', text, '--model', 'micro', '--steps', '20', '--out', at('micro')],
      ['train', '--data', text, '--model', 'micro', '--steps', '5', '--out', at('dense')],
      [
        'prune',
        '--random',
        'gpt2-mini',
        '--layers',
        '1',
        '--items',
        '12',
        '--dense',
        'embeddings',
        '--out',
        at('mini'),
      ],
    ]
    for (const args of made) await slt(args)
    const force = ['--force']
    const commands = [
      ...made.map((args) => [...args, ...force]),
      ['prune', sorter, '--items', '20', '--out', at('sorter'), ...force],
      ['verify', at('mini')],
      ['verify', at('micro')],
      ['eval', at('mini'), '--data', text, '--tokenizer', 'gpt2', '--windows', '1', '--batch', '1'],
      ['eval', at('micro'), '--data', text, '--windows', '128'],
      ['generate', at('micro'), '--prompt', 'ROMEO:', '--count', '1000'],
      ['export', at('mini'), '--to', 'huggingface', at('mini-folder'), ...force],
      ['export', at('micro'), '--to', 'onnx', at('micro-folder'), ...force],
      ['inspect', at('mini'), '--plot', at('masks.svg')],
      ['compare', at('micro'), at('dense'), '--data', text, '--windows', '64', '--runs', '1'],
      ['recode', at('mini'), '--out', at('coded'), ...force],
      ['run', at('mini'), '--tokens', '1,2,3', '--count', '4'],
      ['bound', '--d', '768', '--heads', '12', '--eps', '0.01', '--calibrate'],
      ['demo', '--out', at('demo')],
    ]
    const long = [
      // One step is a call of many seconds, and so is the creation of its session.
      ['search', '--data', text, '--model', 'small', '--steps', '2', '--out', at('small'), ...force],
      ['reproduce', 'figure-4', 'figure-6', '--quick', '--out', at('figures')],
      ['reproduce', 'figure-8', '--quick', '--out', at('language')],
    ]
    const result = []
    for (const args of [...commands, ...long]) {
      const seconds = long.includes(args) ? FIRST : (await slt(args)).seconds
      const waits = []
      for (let i = 0; i < times; i++) waits.push((await slt(args, Math.random() * seconds * 1000)).wait)
      const largest = Math.max(...waits)
      const name = args.slice(0, 2).join(' ').replace(`${folder}/`, '').replace(sorter, 'sorter')
      log(`${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s; from signal to end at most ${largest.toFixed(0)} ms`)
      result.push({ name, seconds, largest })
    }
    const left = readdirSync(folder).filter((name) => name.endsWith('.tmp'))
    if (left.length > 0) log(`left by processes that a call kept from their end: ${left.length} temporary files`)
    return result
  })
}

/** Runs a command, interrupted after `moment` milliseconds; `wait` is from then to its end, 0 where it was done. */
function slt(args, moment) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const started = performance.now()
    let sent
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const timer =
      moment === undefined
        ? undefined
        : setTimeout(() => {
            sent = performance.now()
            child.kill('SIGINT')
          }, moment)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const now = performance.now()
      const isInterrupted = code === 130 || signal === 'SIGINT'
      if (code !== 0 && !(sent !== undefined && isInterrupted))
        reject(new Error(`${args.join(' ')}: ${code}: ${stderr}`))
      resolve({ seconds: (now - started) / 1000, wait: sent === undefined ? 0 : now - sent })
    })
  })
}
