import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slt, sorter, startSlt } from './slt.js'

/** The whole way of the bundled sorter: prune, verify, run, and what goes wrong on it. */
let folder: string
let ticket: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ticket = join(folder, 'sorter.slt.safetensors')
})
afterAll(() => rm(folder, { recursive: true }))

describe.sequential('prune, verify, run', () => {
  test('prune writes a ticket and reports as JSON', async () => {
    const { code, stdout, stderr } = slt('prune', sorter, '--items', '16', '--seed', '7', '--out', ticket, '--json')
    expect([code, stderr.includes('slt:')]).toEqual([0, false])
    const report = JSON.parse(stdout)
    for (const key of ['weights', 'unreachable', 'maxWeightError', 'medianWeightError', 'maxLogitError', 'seconds']) {
      expect(report[key], key).toBeTypeOf('number')
    }
    // The blocks', the untied head's with the shift of the norm folded into it, the embeddings'.
    expect(report.weights).toBe(98_793 + 49 * 3 + (3 + 11) * 48)
    expect(report.solvesPerSecond).toBeGreaterThan(0)
    expect(report.maxLogitError).toBeLessThan(0.01)
    expect(report.ticketBytes).toBe((await readFile(ticket)).length)
    expect(await readdir(folder)).toEqual(['sorter.slt.safetensors'])
  })

  test('verify passes, alone and against the target', () => {
    for (const args of [[], ['--target', sorter]]) {
      const { code, stdout } = slt('verify', ticket, ...args, '--json')
      const { passed, checks } = JSON.parse(stdout)
      expect(checks.filter((check: { passed: boolean }) => !check.passed)).toEqual([])
      expect([code, passed, checks.length > 0]).toEqual([0, true, true])
    }
  })

  test('verify against a target of another configuration names the fields that differ, and no other', async () => {
    const other = join(folder, 'other')
    await cp(sorter, other, { recursive: true })
    const config = JSON.parse(await readFile(join(other, 'config.json'), 'utf8'))
    const changed = { ...config, layer_norm_epsilon: 0.001, activation_function: 'relu' }
    await writeFile(join(other, 'config.json'), JSON.stringify(changed))
    const { code, stdout } = slt('verify', ticket, '--target', other, '--json')
    expect(JSON.parse(stdout).checks.at(-1)).toEqual({
      name: 'configuration',
      passed: false,
      detail: 'activation: gelu_new, target relu; layerNormEpsilon: 0.00001, target 0.001',
    })
    expect(code).toBe(1)
    await rm(other, { recursive: true })
  })

  test('run sorts', () => {
    expect(slt('run', ticket, '--tokens', '2,1,0,0,1,2').stdout).toBe('0,0,1,1,2,2\n')
    expect(slt('run', ticket, '--tokens', '1,1,0,2,0,1').stdout).toBe('0,0,1,1,1,2\n')
  })

  test('a changed byte is noticed', async () => {
    const bytes = await readFile(ticket)
    bytes[bytes.length - 100] ^= 4
    const broken = join(folder, 'broken')
    await writeFile(broken, bytes)
    for (const args of [
      ['verify', broken],
      ['run', broken, '--tokens', '1'],
    ]) {
      const { code, stderr } = slt(...args)
      expect(stderr).toMatch(/^slt: .*broken: wrong hash: [^\n]+\n$/)
      expect(code).toBe(1)
    }
    await rm(broken)
  })

  test('the same command gives the same ticket, whatever the number of threads', async () => {
    const again = join(folder, 'again')
    expect(slt('prune', sorter, '--items', '16', '--seed', '7', '--out', again, '--threads', '1').code).toBe(0)
    expect((await readFile(again)).equals(await readFile(ticket))).toBe(true)
    await rm(again)
  })

  let atAStretch: Buffer | undefined // the same for both signals
  test.each(['SIGINT', 'SIGKILL'] as const)('%s leaves no ticket, and the same command finishes it', async (signal) => {
    const path = join(folder, signal)
    const args = ['prune', sorter, '--items', '22', '--seed', '7', '--out', path] // far from its end when it is told
    const child = startSlt(...args, '--threads', '1')
    const exited = once(child, 'close')
    for (let ready = false; !ready; await new Promise((resolve) => setTimeout(resolve, 10))) {
      const journal = await readFile(`${path}.slt-journal`, 'utf8').catch(() => '')
      ready = journal.split('\n').length > 3 || child.exitCode !== null // two pairs are finished
    }
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    child.kill(signal)
    const [code] = await exited
    expect(code).toBe(signal === 'SIGINT' ? 130 : null)
    if (signal === 'SIGINT') expect(said).toContain('interrupted; the same command goes on with')
    expect((await readdir(folder)).includes(signal)).toBe(false)
    const resumed = slt(...args)
    expect([resumed.code, /\d+ matrices taken over/.test(resumed.stdout)]).toEqual([0, true])
    const finished = await readFile(path)
    if (!atAStretch) {
      expect(slt(...args, '--force').code).toBe(0)
      atAStretch = await readFile(path)
    }
    expect(atAStretch.equals(finished)).toBe(true)
    await rm(path)
    expect(await readdir(folder)).toEqual(['sorter.slt.safetensors'])
  })
})

test('an interrupted run of other settings is refused, in one line that says how to go on', async () => {
  const path = join(folder, 'other')
  const settings = { seed: '8', items: 16, scale: 'auto', method: 'balanced' }
  const head = { journal: 1, fingerprint: 'f', layout: 'l', settings }
  const report = { weights: 1, unreachable: 0, maxError: 0, medianError: 0, expectedGap: 0 }
  const journal = `${JSON.stringify(head)}\n${JSON.stringify({ pair: 'p', sha256: 's', report })}\n`
  await writeFile(`${path}.slt-journal`, journal)
  for (const args of [['prune', sorter, '--seed', '7'], ['demo']]) {
    const { code, stderr } = slt(...args, '--out', path)
    expect(stderr).toMatch(
      /other: an interrupted run with 1 finished matrix lies beside it \(seed 8, items 16, scale auto, method balanced; asked for: seed 7, items 16, scale auto, method balanced, attention merged, dense none\): the same settings go on with it, --force starts anew, another --out keeps both\n$/,
    )
    expect(code).toBe(1)
  }
  expect(await readFile(`${path}.slt-journal`, 'utf8')).toBe(journal)
})

test('demo replaces a ticket of its own settings, by whatever command it was made, and nothing else', async () => {
  const foreign = join(folder, 'foreign')
  await writeFile(foreign, 'mine')
  for (const args of [
    ['--out', foreign],
    ['--out', ticket, '--items', '12'],
    ['--out', ticket, '--seed', '8'],
  ]) {
    const { code, stderr } = slt('demo', ...args)
    expect(stderr).toBe(`slt: ${args[1]}: is there already (--force replaces it, another --out keeps both)\n`)
    expect(code).toBe(1)
  }
  expect(await readFile(foreign, 'utf8')).toBe('mine')

  const before = await readFile(ticket)
  const { code, stdout } = slt('demo', '--out', ticket)
  expect(stdout).toContain('500 of 500 random lists sorted')
  expect(stdout).toContain('checks passed')
  expect(code).toBe(0)
  expect((await readFile(ticket)).equals(before)).toBe(true)
})
