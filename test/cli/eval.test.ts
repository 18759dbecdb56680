import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pairPlans } from '../../src/families/pair-plan.js'
import { ticketFiles } from '../../src/files/ticket-files.js'
import { usualBatch } from '../../src/jobs/searched-eval.js'
import { openTicketModel } from '../../src/jobs/ticket-model.js'
import { packedBytes } from '../../src/mask/index.js'
import { keptDense, openTicketWriter, type PairSpec } from '../../src/ticket/index.js'
import { options, report } from '../ticket/example.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'
import { writeSearched } from './searched-fixture.js'
import { slt } from './slt.js'

let folder: string
let ticket: string
let text: string
let bytes: Uint8Array
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket, text, bytes } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

const evaluate = (...args: string[]) => slt('eval', ticket, '--device', 'cpu', ...args)

/** Mean cross-entropy of some windows of 16 bytes, from the model's logits. */
async function lossOf(path: string, data: Uint8Array, starts: number[]): Promise<number> {
  const { model, close } = await openTicketModel(path)
  let nats = 0
  for (const start of starts) {
    const logits = await model.logits(Int32Array.from(data.subarray(start, start + 16)), 1, 16)
    for (let t = 0; t < 16; t++) {
      const own = [...logits.subarray(256 * t, 256 * (t + 1))]
      nats += Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0)) - own[data[start + t + 1]]
    }
  }
  await close()
  return nats / (16 * starts.length)
}

test('the loss is that of the model on windows spread over the text; bits a byte follow from it', async () => {
  const { code, stdout, stderr } = evaluate('--data', text, '--part', 'all', '--windows', '3', '--batch', '1', '--json')
  expect([code, stderr]).toEqual([0, ''])
  const found = JSON.parse(stdout)
  const last = bytes.length - 17
  const loss = await lossOf(ticket, bytes, [0, Math.floor(last / 2), last])
  expect(found).toMatchObject({
    part: 'all',
    tokenizer: 'bytes',
    windows: 3,
    length: 16,
    tokens: 48,
    recordedLoss: 1.25,
  })
  expect(Math.abs(found.loss - loss)).toBeLessThan(1e-4)
  expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 6)
  expect(found.bitsPerByte).toBeCloseTo(found.loss / Math.LN2, 9)
  expect(found.kept.matrices.length).toBe(14)
})

test('of the text of the search the last tenth is read, of another all of it', async () => {
  expect(JSON.parse(evaluate('--data', text, '--json').stdout)).toMatchObject({ part: 'valid' })
  const other = join(folder, 'other.txt')
  await writeFile(other, bytes.subarray(0, 100))
  const found = JSON.parse(evaluate('--data', other, '--json').stdout)
  expect(found).toMatchObject({ part: 'all', windows: 6, tokens: 96 }) // all that there are
  expect(Math.abs(found.loss - (await lossOf(ticket, bytes, [0, 16, 33, 49, 66, 83])))).toBeLessThan(1e-4)
})

test('a table by block, and a warning for what has collapsed', async () => {
  const content = randomContent(runnableConfig)
  const matrices = content.matrices.map((matrix) =>
    matrix.name === 'h.1.mlp.c_proj' ? { ...matrix, mask: new Uint8Array(matrix.mask.length) } : matrix,
  )
  const inner = await mkdtemp(join(folder, 'collapsed-'))
  const collapsed = await writeSearched(inner, { matrices })
  const { code, stdout } = slt('eval', collapsed.ticket, '--data', text, '--device', 'cpu', '--windows', '8')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ +weights +kept +q +k +v +attn out +mlp in +mlp out +empty rows +columns$/m)
  expect(stdout).toMatch(/^ wte +4,096 +\d\d\.\d\d % +- /m)
  expect(stdout).toMatch(/^ h\.1 +3,072 +\d\d\.\d\d % +(\d\d\.\d\d % +){5}0\.00 % +64 +16$/m)
  expect(stdout).toMatch(/^loss \d+\.\d{4} nats a token, perplexity \d+\.\d\d, \d+\.\d{4} bits a byte \(its search/m)
  expect(stdout).toContain('warning: h.1.mlp.c_proj has collapsed: it keeps none of its 1024 weights\n')
})

test('a pruned ticket is evaluated too, with the tokenizer it is told', async () => {
  const config = { ...runnableConfig, layers: 1, width: 4, inner: 8 }
  const init = { kind: 'uniform', range: 1 } as const
  const pairs = pairPlans(config, { attention: 'merged', dense: 'embeddings' }).map(
    ({ name, inputs, outputs }, i): PairSpec => {
      const [first, second] = [2 * i, 2 * i + 1].map((stream) => ({ stream, init }))
      return { name, inputs, outputs, hidden: 4, activation: 'linear', divisor: 1, first, second }
    },
  )
  const dense = keptDense(config, options().construction).map(({ name, shape }) => {
    const count = shape.reduce((a, b) => a * b)
    return { name, shape, values: Float32Array.from({ length: count }, (_, i) => ((i * 31) % 17) / 17) }
  })
  const path = join(folder, 'pruned')
  const writer = await openTicketWriter({ ...options(ticketFiles, path), config, pairs, dense })
  for (const spec of pairs) {
    const coordinate = Uint16Array.of(0, 1, 2, 3)
    await writer.writePair({ spec, coordinate, second: new Uint8Array(packedBytes(4 * spec.outputs)) }, report)
  }
  await writer.finish()
  const args = ['--data', text, '--part', 'all', '--windows', '2', '--batch', '2', '--device', 'cpu', '--json']
  const found = JSON.parse(slt('eval', path, '--tokenizer', 'bytes', ...args).stdout)
  expect(found).toMatchObject({ kept: null, windows: 2, recordedLoss: null })
  expect(Math.abs(found.loss - (await lossOf(path, bytes, [0, bytes.length - 17])))).toBeLessThan(1e-4)
})

test('bad input is one line and exit code 1', () => {
  const none = join(folder, 'none')
  expect(evaluate('--data', none)).toEqual({ code: 1, stdout: '', stderr: `slt: ${none}: no such file or folder\n` })
  expect(slt('eval', text, '--data', text)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^slt: .*text\.txt: /),
  })
  expect(slt('eval', ticket)).toMatchObject({ code: 2, stderr: "slt: required option '--data <path>' not specified\n" })
})

test('help has examples and exit codes', () => {
  const { stdout } = slt('eval', '--help')
  expect(stdout).toContain('Usage: slt eval')
  expect(stdout).toContain('Examples:')
  expect(stdout).toContain('130  interrupted')
})

test("the batch is the search's unless its logits would take more than a gigabyte", () => {
  const gpt2 = { ...runnableConfig, positions: 1024, vocabulary: 50257 }
  expect([usualBatch(runnableConfig), usualBatch(runnableConfig, 512), usualBatch(gpt2, 64)]).toEqual([8, 64, 5])
  expect(usualBatch({ ...gpt2, positions: 2 ** 20 }, 64)).toBe(1)
})
