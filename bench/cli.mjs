import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const wrapper = fileURLToPath(new URL('cli-with-usage.mjs', import.meta.url))

/**
 * Runs `slt <args> --json` in a process of its own, with its progress on our stderr.
 *
 * @returns its JSON object, the wall seconds from start to end of the process and its peak resident memory in bytes
 */
export async function runCli(...args) {
  const started = performance.now()
  const child = spawn(process.execPath, [wrapper, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  const [output, usage, [code]] = await Promise.all([text(child.stdout), text(child.stdio[3]), once(child, 'close')])
  const seconds = (performance.now() - started) / 1000
  if (output === '') throw new Error(`slt ${args.join(' ')}: exit code ${code}, nothing on stdout`)
  const result = JSON.parse(output)
  if (result.error !== undefined) throw new Error(`slt ${args.join(' ')}: ${result.error}`)
  return { result, code, seconds, peakBytes: JSON.parse(usage).maxRSS * 1024 }
}

/** Calls `work` with a temporary folder that is removed afterwards. */
export async function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'slt-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
