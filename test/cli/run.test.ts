import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pairPlans } from '../../src/families/pair-plan.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { ticketFiles } from '../../src/files/ticket-files.js'
import { packedBytes } from '../../src/mask/index.js'
import { keptDense, openTicketWriter, type PairSpec } from '../../src/ticket/index.js'
import { masks, options, report } from '../ticket/example.js'
import { slt } from './slt.js'

const config = {
  layers: 1,
  width: 4,
  heads: 2,
  inner: 8,
  positions: 6,
  vocabulary: 5,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
} as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  const init = { kind: 'uniform', range: 1 } as const
  const pairs = pairPlans(config, { attention: 'merged', dense: 'embeddings' }).map(
    ({ name, inputs, outputs }, i): PairSpec => ({
      name,
      inputs,
      outputs,
      hidden: 2 * inputs,
      activation: 'linear',
      divisor: 1,
      first: { stream: 2 * i, init },
      second: { stream: 2 * i + 1, init },
    }),
  )
  // Every mask is empty and the position embedding zero: with E = I the model repeats its last token.
  const dense = keptDense(config, options().construction).map(({ name, shape }) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b))
    if (name === 'wte') for (let token = 0; token < 4; token++) values[5 * token] = 1
    if (/ln_\w\.weight$/.test(name)) values.fill(1)
    return { name, shape, values }
  })
  const path = join(folder, 'repeat')
  const writer = await openTicketWriter({ ...options(ticketFiles, path), config, pairs, dense })
  for (const spec of pairs) {
    const coordinate = new Uint16Array(spec.hidden).fill(0xffff)
    await writer.writePair(
      { spec, coordinate, second: new Uint8Array(packedBytes(spec.hidden * spec.outputs)) },
      report,
    )
  }
  await writer.finish()
  const loose = await openTicketWriter({ ...options(ticketFiles, join(folder, 'loose')), createSha256: nodeSha256 })
  for (const mask of masks) await loose.writePair(mask, report)
  await loose.finish()
})
afterAll(() => rm(folder, { recursive: true }))

const literal =
  'literal: every weight is summed from 2 random products, so it is much slower than its target; slt export makes a dense model of it, which runs as fast as others of its size\n'

const run = (...args: string[]) => slt('run', join(folder, 'repeat'), '--tokens', ...args)

test('the greedy continuation is printed, by default as long as the context lasts', () => {
  expect(run('0,3')).toMatchObject({ code: 0, stdout: '3,3,3,3,3\n', stderr: literal })
  expect(run('3,1', '--count', '2')).toMatchObject({ code: 0, stdout: '1,1\n' })
})

test('letters are answered with letters, and others than the model has are refused', () => {
  expect(run('AD')).toMatchObject({ code: 0, stdout: 'DDDDD\n', stderr: literal })
  for (const [letters, bad] of [
    ['BF', 'F'],
    ['da', 'd'],
    ['A\u00c4', '\u00c4'],
  ]) {
    const stderr = `slt: "tokens" expected capital letters from A to E, got ${bad}\n`
    expect(run(letters)).toMatchObject({ code: 1, stdout: '', stderr })
  }
  const stderr = 'slt: "tokens" expected integers >= 0 with commas between, or letters alone, got "A D"\n'
  expect(run('A D')).toMatchObject({ code: 1, stdout: '', stderr })
})

test('tokens beyond the context are told', () => {
  expect(run('AD', '--count', '5')).toMatchObject({ code: 0, stdout: 'DDDDD\n', stderr: literal })
  const beyond = 'lie beyond the context of 6; there the model goes on from the last half of the text that it has read'
  expect(run('AD', '--count', '8')).toMatchObject({
    code: 0,
    stdout: 'DDDDDDDD\n',
    stderr: `${literal}note: 3 of the 8 tokens ${beyond}\n`,
  })
  expect(run('AAAAAAD', '--count', '2')).toMatchObject({
    code: 0,
    stdout: 'DD\n',
    stderr: `note: the prompt has 7 tokens; the model reads the last 6 of them, its context\n${literal}note: 2 of the 2 tokens ${beyond}\n`,
  })
})

test('--json prints one object', () => {
  const { stdout } = run('2', '--count', '3', '--json')
  const weights = { weights: 'float32', reason: 'only a ticket that a search found has signed constants' }
  const facts = { stopped: false, beyondContext: 0, weights, warnings: [] }
  expect(JSON.parse(stdout)).toEqual({ ticket: join(folder, 'repeat'), tokens: [2], continuation: [2, 2, 2], ...facts })
})

test('a ticket of signed constants runs from two bits, and what cannot is refused by name', () => {
  const letters = fileURLToPath(new URL('../../examples/sorter-qr/ten-letters.slt.safetensors', import.meta.url))
  const runOf = (path: string, tokens: string, ...flags: string[]) => slt('run', path, '--tokens', tokens, ...flags)
  const exact = runOf(letters, 'HCABDD', '--weights', '2bit', '--json')
  const { continuation, weights } = JSON.parse(exact.stdout)
  expect([weights, exact.stderr]).toEqual([{ weights: '2bit', reason: 'as asked' }, ''])
  const plain = JSON.parse(runOf(letters, 'HCABDD', '--json').stdout)
  expect(plain).toMatchObject({ continuation, weights: { weights: 'float32', reason: expect.stringContaining('fit') } })
  const ticket = join(folder, 'repeat')
  const refused = runOf(ticket, '0,1,2', '--weights', '2bit')
  const reason = 'cannot run with 2-bit weights: only a ticket that a search found has signed constants'
  expect([refused.code, refused.stderr]).toEqual([1, `slt: ${ticket}: ${reason}\n`])
  const rounded = runOf(letters, 'HCABDD', '--weights', 'float32', '--activations', 'int8')
  const misfit = 'slt: "activations" expected float32 with float32 weights, got int8\n'
  expect([rounded.code, rounded.stderr]).toEqual([1, misfit])
})

test('tokens that the model does not have are refused', () => {
  expect(run('5')).toMatchObject({ code: 1, stderr: 'slt: "tokens" expected integers below 5, got 5\n' })
})

test('a ticket of loose pairs does not run', () => {
  const { code, stderr } = slt('run', join(folder, 'loose'), '--tokens', '1')
  expect([code, stderr]).toEqual([
    1,
    `slt: ${join(folder, 'loose')}: holds loose pairs (kind pruned-pairs), not a model that runs\n`,
  ])
})
