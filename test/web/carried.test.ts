import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFile, readGpt2Folder, verify } from '../../src/index.js'
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
  const target = await readGpt2Folder((name) => openFile(`data/gpt-nano-sort/${name}`))
  const { checks } = await verify({ ticket: 'examples/pruned-sorter/sorter.slt.safetensors', target })
  expect(checks.length).toBe(6)
  expect(checks.filter(({ passed }) => !passed)).toEqual([])
})

test("GPT-2's tokens are carried as data, and are no part of the scripts", async () => {
  const { default: ranks } = await import('gpt-tokenizer/bpeRanks/r50k_base')
  expect(JSON.parse(readFileSync(join(siteFolder, 'data/gpt2/tokens.json'), 'utf8'))).toEqual(ranks)
  const scripts = readdirSync(join(siteFolder, 'assets')).filter((file) => file.endsWith('.js'))
  const holding = scripts.filter((file) =>
    readFileSync(join(siteFolder, 'assets', file), 'utf8').includes('RandomRedditor'),
  )
  expect(holding).toEqual([])
})
