import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareModels } from '../../src/jobs/compare.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { openModel } from '../../src/jobs/open-model.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { writeSearched } from '../cli/searched-fixture.js'
import { slt } from '../cli/slt.js'

/** What a folder holds and was not read is said wherever the folder is taken. */
let base: string
let folder: string
let text: string
let warning: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'slt-warn-'))
  const written = await writeSearched(base)
  text = written.text
  folder = join(base, 'model')
  await exportModel({ source: written.ticket, to: 'huggingface', out: folder })
  const config = join(folder, 'config.json')
  await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), rope_theta: 1e4 }))
  warning = `${config}: not read, though it may change what the model computes: "rope_theta"`
})
afterAll(() => rm(base, { recursive: true }))

test('a model that is opened has the line, and a ticket none', async () => {
  for (const [path, warnings] of [
    [folder, [warning]],
    [join(base, 'random.slt.safetensors'), []],
  ] as const) {
    const opened = await openModel(path)
    await opened.close()
    expect(opened.warnings).toEqual(warnings)
  }
})

test('an evaluation notes and reports it, a comparison notes it once', async () => {
  const lines: string[] = []
  const onNote = (line: string) => void lines.push(line)
  const report = await evaluateTicket({ ticket: folder, data: text, windows: 1, device: 'cpu', onNote })
  expect([report.warnings, lines.splice(0)]).toEqual([[warning], [warning]])
  const { models } = await compareModels({ paths: [folder], data: text, windows: 1, runs: 0, onNote })
  expect([models[0].warnings, lines]).toEqual([[warning], [warning]])
})

test('an export reports it', async () => {
  const { warnings } = await exportModel({ source: folder, to: 'onnx', out: join(base, 'model.onnx') })
  expect(warnings).toEqual([warning])
})

test.each([
  ['run', '--tokens', '1', '--count', '1'],
  ['generate', '--prompt', 'a', '--count', '1'],
])('slt %s says it on stderr and in its result', (command, ...args) => {
  const { code, stdout, stderr } = slt(command, folder, ...args, '--json')
  expect([code, stderr, JSON.parse(stdout).warnings]).toEqual([0, `${warning}\n`, [warning]])
})
