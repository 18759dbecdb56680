import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shellCode, slt, startSlt } from './slt.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a figure is written as JSON, SVG and report', async () => {
  const { code, stdout } = slt(
    'reproduce',
    'figure-4',
    '--sources',
    '3',
    '--seed',
    '5',
    '--out',
    join(folder, 'new'),
    '--json',
  )
  expect(code).toBe(0)
  const { figures, sources, seed } = JSON.parse(stdout)
  expect([sources, seed, figures.length]).toEqual([3, '5', 1])
  expect((await readdir(join(folder, 'new'))).sort()).toEqual(['figure-4.json', 'figure-4.svg', 'report.html'])
  expect(JSON.parse(await readFile(join(folder, 'new', 'figure-4.json'), 'utf8'))).toEqual(figures[0])
  expect(await readFile(join(folder, 'new', 'figure-4.svg'), 'utf8')).toMatch(/^<svg/)
})

test('rotary heads have a figure of their own, which the report shows beside the others, and which is asked for by name', async () => {
  const { code, stdout } = slt('reproduce', 'rotary', '--sources', '1', '--out', folder)
  expect(code).toBe(0)
  expect(stdout).toContain('Rotary attention: Error of pruned rotary attention against its width')
  expect((await readdir(folder)).sort()).toEqual(['figure-rotary.json', 'figure-rotary.svg', 'report.html'])
  const four = slt('reproduce', 'figure-4', '--sources', '1', '--out', folder)
  expect(four.stdout).toContain('The report also shows figure rotary, made before')
  expect(await readFile(join(folder, 'report.html'), 'utf8')).toMatch(/<title>.*: Figures 4, rotary<\/title>/)
  const trained = slt('reproduce', 'rotary', '--trained', '--out', folder)
  expect(trained.stderr).toMatch(/^slt: "trained" expected figure-4 or figure-5 among the figures/)
})

test('Ctrl-C ends with 130 and one line', async () => {
  const child = startSlt('reproduce', 'figure-6', '--sources', '1000', '--out', folder)
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  // It is at work once its first line of progress is there.
  await once(child.stderr, 'data')
  child.kill('SIGINT')
  const code = await shellCode(child)
  expect(code).toBe(130)
  expect(stderr).toMatch(/\nslt: interrupted\n$/)
  expect(await readdir(folder)).toEqual([])
})
