import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memorySource, openSafetensors, toFloat32 } from '../../src/safetensors/index.js'
import { slt } from './slt.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('slt train --task angular-velocity writes the target that slt reproduce --trained prunes towards', async () => {
  const out = join(folder, 'mha.safetensors')
  const { code, stdout } = slt('train', '--task', 'angular-velocity', '--seed', '4', '--out', out, '--json')
  expect(code).toBe(0)
  const { seconds, outBytes, out: path, ...report } = JSON.parse(stdout)
  expect(seconds).toBeGreaterThan(0)
  expect(path).toBe(out)
  expect(report.epochs).toHaveLength(25)
  expect(report.test.meanSquare).toBeLessThan(report.test.variance)

  const bytes = await readFile(out)
  expect(bytes.length).toBe(outBytes)
  const file = await openSafetensors(memorySource(bytes))
  const shapes = [...file.tensors].map(([name, { shape }]) => [name, shape])
  expect(Object.fromEntries(shapes)).toEqual({ query: [2, 8], key: [2, 8], value: [2, 8], output: [8, 1], token: [2] })
  expect(JSON.parse(file.metadata.get('slt-angular-velocity') ?? '')).toEqual({ version: '1', ...report })

  const made = slt('reproduce', 'figure-4', '--trained', '--sources', '2', '--seed', '4', '--out', folder, '--json')
  expect(made.code).toBe(0)
  const [figure] = JSON.parse(made.stdout).figures
  expect({ ...figure.trained, seconds }).toEqual({ ...report, seconds })
  const token = toFloat32('F32', await file.readTensor('token'))
  expect(figure.settings['regression token']).toBe(`${token[0].toFixed(3)}, ${token[1].toFixed(3)} (learned)`)
  expect((await readdir(folder)).sort()).toEqual(['figure-4.json', 'figure-4.svg', 'mha.safetensors', 'report.html'])
})

test('a file that is there stays without --force', async () => {
  const out = join(folder, 'mha.safetensors')
  await writeFile(out, 'mine')
  const { code, stderr } = slt('train', '--task', 'angular-velocity', '--out', out)
  expect([code, stderr]).toEqual([1, `slt: ${out}: is there already (--force replaces it)\n`])
  expect(await readFile(out, 'utf8')).toBe('mine')
})

test('what means nothing for the task is refused, and figure 6 has no trained target', () => {
  const foreign = slt('train', '--task', 'angular-velocity', '--qk-scale', '2')
  expect([foreign.code, foreign.stderr]).toEqual([
    1,
    'slt: "qk-scale" expected nothing: --task angular-velocity takes --seed, --batch, --lr and --weight-decay\n',
  ])
  const nowhere = slt('train', '--task', 'angular-velocity', '--out', join(folder, 'no-such', 'x.safetensors'))
  expect([nowhere.code, nowhere.stderr]).toEqual([1, `slt: ${join(folder, 'no-such')}: no such file or folder\n`])
  const steep = slt('train', '--task', 'angular-velocity', '--lr', '1e99', '--out', join(folder, 'x.safetensors'))
  expect([steep.code, steep.stderr]).toEqual([1, 'slt: "learningRate" expected a float32 number >= 0, got 1e+99\n'])
  const figure6 = slt('reproduce', 'figure-6', '--trained', '--out', folder)
  expect(figure6.code).toBe(1)
  expect(figure6.stderr).toMatch(/^slt: "trained" expected figure-4 or figure-5 among the figures/)
})
