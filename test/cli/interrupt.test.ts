import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { shellCode } from './slt.js'

const program = fileURLToPath(new URL('interrupted.mjs', import.meta.url))

/** Starts work, sends it signals once it is at it, and gives how the process ended. */
async function interrupt(args: readonly string[], ...signals: NodeJS.Signals[]) {
  const child = spawn(process.execPath, [program, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  child.stdout.on('data', (text) => {
    if (stdout === '') for (const signal of signals) child.kill(signal)
    stdout += text
  })
  const code = await shellCode(child) // work that is not ended takes five minutes, which fails the test
  return { code, stderr, said: stdout.split('\n').slice(1, -1) }
}

const json = (advice: string) => [JSON.stringify({ error: `interrupted; ${advice}` })]

describe.each(['SIGINT', 'SIGTERM'] as const)('%s ends', (signal) => {
  test('work that stops when it is asked to, with what was advised last', async () => {
    const advice = 'the advice of later'
    expect(await interrupt(['prompt'], signal)).toEqual({
      code: 130,
      stderr: `slt: interrupted; ${advice}\n`,
      said: json(advice),
    })
  })

  test.each(['late', 'lingering'])('work that does not stop, or stops and does not end: %s', async (how) => {
    expect(await interrupt([how], signal)).toEqual({
      code: 130,
      stderr: 'slt: interrupted; an advice\n',
      said: json('an advice'),
    })
  })

  test('work that keeps the main thread', async () => {
    expect(await interrupt(['blocked'], signal)).toEqual({
      code: 130,
      stderr: 'slt: interrupted; an advice\n',
      said: json('an advice'),
    })
  })

  test('a process between two pieces of work', async () => {
    expect(await interrupt(['idle'], signal)).toEqual({ code: 130, stderr: '', said: [] })
  })

  test('work where no thread can be started for signals', async () => {
    for (const how of ['prompt', 'late', 'lingering']) expect((await interrupt([how, 'deaf'], signal)).code).toBe(130)
  })
})

test('an AbortError is an interruption; what else fails after the signal is said as it is', async () => {
  expect(await interrupt(['aborting'], 'SIGINT')).toEqual({
    code: 130,
    stderr: 'slt: interrupted; an advice\n',
    said: json('an advice'),
  })
  const error = 'checkpoint.safetensors: no space left on the device'
  expect(await interrupt(['failing'], 'SIGINT')).toEqual({
    code: 1,
    stderr: `slt: ${error}\n`,
    said: [JSON.stringify({ error })],
  })
})

test('a second signal ends at once what does not stop', async () => {
  for (const how of ['late', 'blocked']) {
    const { code, stderr } = await interrupt([how], 'SIGINT', 'SIGTERM')
    expect(code).toBe(130)
    expect(stderr).toBe('slt: interrupted; an advice\n')
  }
})
