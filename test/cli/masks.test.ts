import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { masksOf } from '../../src/cli/mask-option.js'
import { writeAtomically } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { readMasks } from '../../src/jobs/mask-file.js'
import { encodeMasks } from '../../src/ticket/index.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'
import { writeSearched } from './searched-fixture.js'
import { slt } from './slt.js'

let folder: string
let text: string
/** A file with the masks `one` and `two`; the second keeps fewer weights. */
let ticket: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-masks-'))
  const made = await writeSearched(folder, { ...randomContent(runnableConfig), layout: 'packed', maskName: 'one' })
  text = made.text
  const [one] = await readMasks(made.ticket)
  const matrices = one.matrices.map((matrix) => ({ ...matrix, mask: matrix.mask.map((byte) => byte & 0b01010101) }))
  const two = { ...one, matrices, maskName: 'two', probe: null }
  ticket = join(folder, 'both.slt.safetensors')
  const { bytes } = encodeMasks([one, two], nodeSha256)
  await writeAtomically(ticket, (sink) => sink.write(0, bytes), { replaces: 'nothing' })
})
afterAll(() => rmSync(folder, { recursive: true }))

test('slt inspect lists the masks of a file, reports on one, and compares two', () => {
  const { code, stdout } = slt('inspect', ticket, '--mask', 'two')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ masks on this network +kept +bytes +learnt +nats\/token$/m)
  expect(stdout).toMatch(/^ one +(49|50)\.\d\d % +[\d,]+ +words\.txt +1\.2500$/m)
  expect(stdout).toMatch(/^ two +2\d\.\d\d % +[\d,]+ +words\.txt +1\.2500$/m)
  expect(stdout).toMatch(/^ all +10,496 +2\d\.\d\d %/m)
  expect(stdout).toMatch(/^ other masks +[\d,]+ /m)
  expect(stdout).toMatch(/ of 2 masks, \d+\.\d\d bits a parameter/)
  const pair = slt('inspect', ticket, ticket, '--mask', 'one,two')
  expect(pair.stdout).toMatch(
    /^Both are masks on the same random network: .*\n.*\nb keeps (49|50)\.\d % of what a keeps; a keeps 100\.0 % /,
  )
  expect(pair.stdout).toContain(`\na  ${ticket}, mask one: iterand`)
  const three = slt('inspect', ticket, ticket, '--mask', 'one,two,three')
  expect([three.code, three.stderr]).toEqual([
    1,
    'slt: "mask" expected at most 2 names, one for each model, got one,two,three\n',
  ])
})

test.each([
  [
    'eval',
    ['--data', 'TEXT', '--windows', '2', '--device', 'cpu'],
    ({ kept }: { kept: { fraction: number } }) => kept.fraction,
  ],
  ['run', ['--tokens', '108,105'], ({ continuation }: { continuation: number[] }) => continuation.join()],
  ['verify', [], ({ checks }: { checks: { name: string }[] }) => checks.map(({ name }) => name).join()],
  [
    'compare',
    ['--data', 'TEXT', '--runs', '0'],
    ({ models }: { models: { loss: { nats: number } }[] }) => models[0].loss.nats,
  ],
] as [string, string[], (found: never) => unknown][])('slt %s --mask reads that mask', (command, args, of) => {
  const given = args.map((word) => (word === 'TEXT' ? text : word))
  const found = (...mask: string[]) => of(JSON.parse(slt(command, ticket, ...given, ...mask, '--json').stdout) as never)
  const first = found()
  expect(found('--mask', 'one')).toEqual(first)
  expect(found('--mask', 'two')).not.toEqual(first)
})

test('a mask that is not there is refused by one line', () => {
  const { code, stderr } = slt('generate', ticket, '--prompt', 'a', '--mask', 'three')
  expect([code, stderr]).toEqual([1, `slt: ${ticket}: "mask" expected one, two, got "three"\n`])
})

test('names of masks are those of the models in their order; an empty one is the first mask', () => {
  expect(masksOf(undefined, 2)).toEqual([undefined, undefined])
  expect(masksOf(['', 'two'], 3)).toEqual([undefined, 'two', undefined])
})
