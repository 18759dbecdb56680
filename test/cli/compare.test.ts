import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesOf } from '../../src/cli/compare.js'
import { writeSearched } from './searched-fixture.js'
import { slt, sorter } from './slt.js'

let folder: string
let ticket: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket, text } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

test('a row a model, and what the others are against the first', () => {
  const { code, stdout } = slt('compare', ticket, ticket, '--data', text, '--windows', '4', '--runs', '1')
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^ +kind +parameters +bytes +bits\/weight +nats\/token +bits\/byte +load +first token +tokens\/s +weights +memory$/m,
  )
  expect(
    stdout.match(
      /^ random +searched +10,496 +[\d,]+ +\d+\.\d{3} +\d+\.\d{4} +\d+\.\d{4} +[\d.,e+-]+ ms +[\d.,e+-]+ ms +[\d.,e+-]+ +float32, 42\.0 kB +[\d.]+ [kMG]B$/gm,
    ),
  ).toHaveLength(2)
  expect(stdout).toMatch(/^ against random +bytes +nats\/token +bits\/byte +load +tokens\/s +memory$/m)
  expect(stdout).toMatch(/^ random +1\.00x +\+0\.0000 +\+0\.0000 +\d+\.\d\dx +\d+\.\d\dx +\d+\.\d\dx$/m)
  expect(stdout).toContain(`loss on the valid part of ${text}: 64 tokens, 64 bytes\n`)
})

test('models of the same name are told apart by their paths', () => {
  const models = [
    { name: 'play', path: 'play.slt.safetensors', mask: null },
    { name: 'play', path: 'play', mask: null },
    { name: 'other', path: 'models/other', mask: null },
  ]
  expect(namesOf(models)).toEqual(['play.slt.safetensors', 'play', 'other'])
  expect(namesOf([models[0], models[0]])).toEqual(['play', 'play'])
  const masks = ['a.slt.safetensors', 'b.slt.safetensors'].map((path) => ({ name: 'play, en', path, mask: 'en' }))
  expect(namesOf(masks)).toEqual(['a.slt.safetensors, en', 'b.slt.safetensors, en'])
})

test('without a text there is no loss, and it says so; --json has everything', () => {
  const { stdout } = slt('compare', ticket, sorter, '--runs', '0')
  expect(stdout).toContain('no loss: it needs a text (--data)\nno times: --runs is 0\n')
  const found = JSON.parse(slt('compare', ticket, sorter, '--runs', '0', '--json').stdout)
  expect(found).toMatchObject({
    data: null,
    sameTokens: false,
    models: [{ loss: null }, { kind: 'folder', speed: null }],
  })
})

test('bad input is one line and exit code 1; help has examples', () => {
  const none = join(folder, 'none')
  expect(slt('compare', ticket, none)).toEqual({
    code: 1,
    stdout: '',
    stderr: `slt: ${none}: no such file or folder\n`,
  })
  expect(slt('compare', ticket, sorter, '--data', text)).toMatchObject({
    code: 1,
    stderr: `slt: ${sorter}: names no tokenizer; neither bytes nor gpt2 has the model's 3 tokens (slt run --tokens takes letters from A to C, or token numbers); --tokenizer <folder> takes a folder's tokenizer.json, for a pruned ticket its target's\n`,
  })
  expect(slt('compare').code).toBe(2)
  expect(slt('compare', '--help').stdout).toContain('Examples:')
})
