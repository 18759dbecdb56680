// slt search --bytes: the ticket is no larger than it was told to be, and what is chosen is said.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { slt } from './slt.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-bytes-'))
afterAll(() => rmSync(folder, { recursive: true }))
const text = join(folder, 'text.txt')
writeFileSync(text, 'Keep some weights, drop the rest, train none. '.repeat(300))
const own = [
  '--data',
  text,
  '--context',
  '16',
  '--batch',
  '2',
  '--steps',
  '2',
  '--device',
  'cpu',
  '--sample-every',
  '0',
]

test('a ticket of at most so many bytes, of a network that three heads divide', () => {
  const out = join(folder, 'small.slt.safetensors')
  const { code, stderr } = slt('search', ...own, '--bytes', '12k', '--heads', '3', '--layers', '2', '--out', out)
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /2 layers, width (24|48), 3 heads, .*\nannealed, keep 0\.\d+ per-layer, embedding-bits 4, norms gains, /,
  )
  expect(statSync(out).size).toBeLessThanOrEqual(12_000)
})

test('what does not fit is told before work starts', () => {
  const refused = (...args: string[]) => slt('search', ...own, '--out', join(folder, 'no'), ...args).stderr
  expect(refused('--bytes', '64kB')).toBe('slt: "bytes" expected a number of bytes, as 64k, 1.5M or 65536, got 64kB\n')
  expect(refused('--bytes', '1k')).toMatch(/^slt: "bytes" expected at least \d+ for the narrowest network, got 1000\n$/)
})
