import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('meet-in-the-middle.cpp', import.meta.url))

/** Compiles the C++ peer into a temporary folder. Returns undefined where there is no C++ compiler. */
export function compilePeer() {
  if (spawnSync('c++', ['--version']).status !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'slt-bench-'))
  const program = join(folder, 'meet-in-the-middle')
  execFileSync('c++', ['-O3', '-march=native', '-o', program, source], { stdio: 'inherit' })
  return {
    /** Masks and the seconds of each run; the first run only warms up and is left out. */
    solve({ itemCount, items, targets }, runs) {
      const input = Buffer.concat(
        [items, targets].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
      )
      const { stdout, stderr, status } = spawnSync(program, [String(itemCount), String(runs + 1)], {
        input,
        maxBuffer: 2 ** 30,
      })
      if (status !== 0) throw new Error(`C++ peer: exit code ${status}`)
      const masks = new Uint32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength))
      return { masks, seconds: String(stderr).trim().split('\n').slice(1).map(Number) }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
