import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSearched } from './searched-fixture.js'
import { slt } from './slt.js'

let folder: string
let ticket: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ticket = (await writeSearched(folder)).ticket
})
afterAll(() => rm(folder, { recursive: true }))

test('a ticket goes from coding to coding and back, byte for byte', async () => {
  const [range, back] = [join(folder, 'range'), join(folder, 'back')]
  const there = slt('recode', ticket, '--out', range, '--json')
  expect(there.code).toBe(0)
  expect(JSON.parse(there.stdout)).toMatchObject({ coding: { from: 'bits', to: 'range' } })
  expect(slt('verify', range).stdout).toMatch(/all 3 checks passed/)
  const old = slt('recode', range, '--coding', 'bits', '--layout', 'separate', '--out', back)
  expect(old.stdout).toMatch(/range before, bits now/)
  // The fixture names no scores; recoding names those of our searches, which version 1 does not hold.
  expect(await readFile(back)).toEqual(await readFile(ticket))
})

test('the layout of older versions comes back, and takes more bytes for its description', async () => {
  const [packed, separate, again] = ['packed', 'separate', 'again'].map((name) => join(folder, name))
  expect(slt('recode', ticket, '--out', packed).code).toBe(0)
  expect(slt('recode', packed, '--layout', 'separate', '--out', separate).code).toBe(0)
  expect(slt('recode', separate, '--out', again).code).toBe(0)
  expect(await readFile(again)).toEqual(await readFile(packed))
  const headerOf = (path: string) => JSON.parse(slt('inspect', path, '--json').stdout).size.header
  expect(headerOf(packed)).toBeLessThan(headerOf(separate) / 2)
})

test('bad input is one line, and nothing is written', async () => {
  const before = (await readdir(folder)).sort()
  expect(slt('recode', ticket, '--coding', 'zip', '--out', join(folder, 'x'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^slt: "coding" expected bits, deflate, range, got zip\n$/),
  })
  expect(slt('recode', join(folder, 'no'), '--out', join(folder, 'x'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^slt: .*no: no such file or folder\n$/),
  })
  expect(slt('recode', ticket, '--out', join(folder, 'no', 'x')).stderr).toMatch(/no: no such file or folder\n$/)
  expect(slt('recode', ticket, '--out', folder).stderr).toMatch(/is a folder\n$/)
  expect((await readdir(folder)).sort()).toEqual(before)
})
