import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergesText } from '../../src/data/gpt2-merges.js'
import { openFile, readModelFolder, verify } from '../../src/index.js'
import { carriedFiles } from '../../web/vite.config.js'
import { siteFolder } from './site.js'

test('the site carries ONNX Runtime, the sorter, a text and tickets, unchanged', () => {
  const files = carriedFiles()
  for (const name of [
    'ort/ort-wasm-simd-threaded.wasm',
    'ort/ort-wasm-simd-threaded.asyncify.mjs',
    'data/gpt-nano-sort/model.safetensors',
    'data/tinyshakespeare/input.txt',
    'data/tickets/sorter-qr/sorter.slt.safetensors',
    'data/tickets/pruned-sorter/sorter.slt.safetensors',
  ]) {
    const built = readFileSync(join(siteFolder, name))
    expect(built.length).toBeGreaterThan(1000)
    expect(built.equals(readFileSync(files.get(name)!)), name).toBe(true)
  }
})

test('the pruned sorter of examples/ is one of the bundled model', async () => {
  const target = await readModelFolder((name) => openFile(`data/gpt-nano-sort/${name}`))
  const { checks } = await verify({ ticket: 'examples/pruned-sorter/sorter.slt.safetensors', target })
  expect(checks.length).toBe(8)
  expect(checks.filter(({ passed }) => !passed)).toEqual([])
})

test("GPT-2's vocabulary is a script of its own, which is loaded when a text asks for it", () => {
  const assets = join(siteFolder, 'assets')
  const scripts = readdirSync(assets).filter((file) => file.endsWith('.js'))
  const read = (file: string) => readFileSync(join(assets, file), 'utf8')
  const [firstMerges] = /^\S{40}/m.exec(mergesText)!
  const holding = scripts.filter((file) => read(file).includes(firstMerges))
  expect(holding.length).toBeGreaterThan(0)
  for (const file of holding) {
    expect(file).toMatch(/^gpt2-merges-/)
    const eager = scripts.filter((other) => new RegExp(`(from|import)\\s*["']\\./${file}`).test(read(other)))
    expect(eager).toEqual([])
  }
})
