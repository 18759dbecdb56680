import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The built command; `npm test` builds it first. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export const sorter = fileURLToPath(new URL('../../data/gpt-nano-sort', import.meta.url))

/** Runs `slt` and gives what it printed and its exit code. */
export function slt(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 280_000, // before vitest's own, which cannot interrupt it
  })
  return { code: status, stdout, stderr }
}

/** The exit code of a child as a shell gives it: 130 also where SIGINT itself ended it. Its output has been read. */
export async function shellCode(child: ChildProcess): Promise<number | null> {
  const [code, signal] = await once(child, 'close')
  return signal === 'SIGINT' ? 130 : code
}

/** Starts `slt`, to be interrupted. */
export function startSlt(...args: string[]) {
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}
